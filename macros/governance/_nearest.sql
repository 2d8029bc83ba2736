{#- The known name most like the given one, by the share of letter pairs (Dice), the ends counted as letters. -#}
{% macro _nearest(name, known) %}
    {%- set best = namespace(score=-1, name=none) -%}
    {%- for candidate in known -%}
        {%- set score = provender._similarity(name, candidate) -%}
        {%- if score > best.score -%}
            {%- set best.score = score -%}
            {%- set best.name = candidate -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(best.name) -}}
{% endmacro %}


{#- 1 for equal names, 0 for names without a common pair of letters. -#}
{% macro _similarity(left, right) %}
    {%- set pairs = provender._letter_pairs(left) -%}
    {%- set others = provender._letter_pairs(right) -%}
    {%- set common = [] -%}
    {%- for pair in pairs | unique -%}
        {%- do common.append([pairs.count(pair), others.count(pair)] | min) -%}
    {%- endfor -%}
    {{- return(2 * (common | sum) / ((pairs | length) + (others | length))) -}}
{% endmacro %}


{% macro _letter_pairs(name) %}
    {%- set text = '^' ~ (name | string | lower) ~ '$' -%}
    {%- set pairs = [] -%}
    {%- for at in range((text | length) - 1) -%}
        {%- do pairs.append(text[at:at + 2]) -%}
    {%- endfor -%}
    {{- return(pairs) -}}
{% endmacro %}
