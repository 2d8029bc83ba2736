{#- What is said of a view as a whole, by the first source that reaches the row; which features no source had; which sources gave values. -#}
{% macro _metadata(view, sources) -%}
    {{ provender._by_source(view.answers, 'as_of', 'cast(null as timestamp)') }} as {{ view.as }}__as_of,
            {{ provender._by_source(view.answers, 'age', 'cast(null as interval)') }} as {{ view.as }}__age,
            case
                {%- for answer in view.answers %}
                {%- for condition, status in answer.status.items() %}
                when {{ condition }} then {{ status }}
                {%- endfor %}
                {%- endfor %}
                {%- if not view.answers %}
                when false then null
                {%- endif %}
                else 'not_computed'
            end as {{ view.as }}__status,
            nullif(concat_ws(
                ', '
                {%- for feature in view.asked %},
                case when ({{ provender._is_computed(view.answers, feature.name) }}) is not true then '{{ feature.name }}' end
                {%- endfor %}
            ), '') as {{ view.as }}__not_computed
            {%- if sources | length > 1 %},
            nullif(concat_ws(
                ', '
                {%- for source in sources %},
                case when {{ provender._gives_any(view, source) }} then '{{ source }}' end
                {%- endfor %}
            ), '') as {{ view.as }}__source
            {%- endif %}
{%- endmacro %}


{% macro _by_source(answers, what, otherwise) -%}
    {%- if answers | length < 2 -%}
        {{- answers[0][what] if answers else otherwise -}}
    {%- else -%}
        case{% for answer in answers %} when {{ answer.reaches }} then {{ answer[what] }}{% endfor %} end
    {%- endif -%}
{%- endmacro %}


{#- A source that answers for a feature without having computed it speaks for those after it, too. -#}
{% macro _is_computed(answers, feature) -%}
    {%- set ns = namespace(sql='false') -%}
    {%- for answer in answers | reverse if feature in answer.has -%}
        {%- set computed = answer.computed[feature] -%}
        {%- if computed == answer.has[feature] -%}
            {%- set ns.sql = computed if ns.sql == 'false' else computed ~ ' or ' ~ ns.sql -%}
        {%- else -%}
            {%- set ns.sql = computed ~ (' or (' ~ answer.has[feature] ~ ') is not true and (' ~ ns.sql ~ ')' if ns.sql != 'false' else '') -%}
        {%- endif -%}
    {%- endfor -%}
    {{- ns.sql -}}
{%- endmacro %}


{#- Whether a source is the first that answers for any of the features. -#}
{% macro _gives_any(view, source) -%}
    {%- set cases = [] -%}
    {%- for feature in view.asked -%}
        {%- set earlier = [] -%}
        {%- for answer in view.answers if feature.name in answer.has -%}
            {%- if answer.source == source -%}
                {%- do cases.append(answer.has[feature.name] ~ (' and (' ~ earlier | join(' or ') ~ ') is not true' if earlier else '')) -%}
            {%- endif -%}
            {%- do earlier.append(answer.has[feature.name]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- cases | unique | join(' or ') or 'false' -}}
{%- endmacro %}
