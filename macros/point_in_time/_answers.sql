{#- How each source answers for a view at a spine row, in order of preference. An answer holds, as SQL,
      ctes, joins   what it reads
      reaches       whether it says anything of the row; then as_of, age and the cases of status hold
      has           per feature, whether it answers for that feature: no later source is asked
      is_good       per feature, whether that answer is its value; else it is absent
      computed      per feature, whether it was computed
    Conditions may be null, which is no. -#}
{% macro _answers(view, sources, as_of) %}
    {%- set answers = [] -%}
    {%- for source in sources -%}
        {%- if source == 'history' -%}
            {%- do answers.append(provender._from_history(view)) -%}
        {%- elif source == 'backfill' -%}
            {%- do answers.extend(provender._from_backfill(view)) -%}
        {%- elif source == 'recompute' -%}
            {%- do answers.append(provender._from_recompute(view, as_of)) -%}
        {%- else -%}
            {%- do answers.append(provender._from_served(view)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(answers) -}}
{% endmacro %}


{#- What a feature is: by the first source that answers for it; where none does, as the view declares for what is absent. -#}
{% macro _value(view, feature) -%}
    {%- set absent = provender._absent(view, feature) -%}
    {%- set answers = [] -%}
    {%- for answer in view.answers if feature.name in answer.has -%}{%- do answers.append(answer) -%}{%- endfor -%}
    {%- if not answers -%}
        {{- absent -}}
    {%- else -%}
    case
        {%- for answer in answers %}
                when {{ answer.is_good[feature.name] }} then {{ answer.value[feature.name] }}
                {%- if answer.has[feature.name] != answer.is_good[feature.name] and (not loop.last or answer.absent[feature.name] != absent) %}
                when {{ answer.has[feature.name] }} then {{ answer.absent[feature.name] }}
                {%- endif %}
        {%- endfor %}
                else {{ absent }}
            end
    {%- endif -%}
{%- endmacro %}


{#- The keys of a row beside those of the spine. -#}
{% macro _on_keys(view, row) -%}
    {%- for key, column in view.spine_keys.items() -%}
        {{ row }}.{{ key }} = spine.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Joined where the spine's time falls into the interval of a row; intervals do not overlap. -#}
{% macro _join_valid_at(relation, name, t) %}
    {{- return(adapter.dispatch('_join_valid_at', 'provender')(relation, name, t)) -}}
{% endmacro %}


{% macro default___join_valid_at(relation, name, t) -%}
    left join {{ relation }} as {{ name }}
            on {{ name }}.available_from <= {{ t }} and ({{ name }}.available_until is null or {{ name }}.available_until > {{ t }})
{%- endmacro %}


{#- Intervals follow on each other without a gap, so the last that began is the one; ties there are none. -#}
{% macro duckdb___join_valid_at(relation, name, t) -%}
    asof left join {{ relation }} as {{ name }}
            on {{ name }}.available_from <= {{ t }}
{%- endmacro %}
