{% macro point_in_time_join(spine, views, keys={}, as_of='as_of') %}
    {%- set runs = ref('provender', 'run_availability') -%}
    {%- set histories = [] -%}
    {%- for label in views -%}
        {%- do histories.append(provender._history_of(label)) -%}
    {%- endfor -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- set joined = [] -%}
    {%- for label in views -%}
        {%- do joined.append(provender._labelled_view(label)) -%}
    {%- endfor -%}
    {{- return(adapter.dispatch('point_in_time_join', 'provender')(spine, joined, histories, runs, keys, as_of)) -}}
{% endmacro %}


{% macro default__point_in_time_join(spine, views, histories, runs, keys, as_of) -%}
    {%- set names = provender._feature_names(views) -%}
    {%- set asked_at = 'spine.' ~ as_of -%}
    (
        select
            spine.*,
            {%- for view in views %}
            {%- set v = provender._alias(view) %}
            {%- set age = '(' ~ asked_at ~ ' - ' ~ v ~ '_run.as_of)' %}
            {%- for feature in view.features %}
            {{ provender._value_at(view, feature, v, age) }} as {{ names[view.label ~ '.' ~ feature.name] }},
            {%- endfor %}
            {{ v }}_run.as_of as {{ v }}__as_of,
            {{ age }} as {{ v }}__age,
            {{ provender._status_at(view, v, age) }} as {{ v }}__status,
            {{ provender._not_computed_at(view, v) }} as {{ v }}__not_computed{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ spine }} as spine
        {%- for view in views %}
        {%- set v = provender._alias(view) %}
        -- {{ view.label }}: the run that was available then, and the state of the key at that run
        left join {{ runs }} as {{ v }}_run
            on {{ v }}_run.view = '{{ view.name }}' and {{ v }}_run.version = {{ view.version }}
            and {{ v }}_run.available_from <= {{ asked_at }}
            and ({{ v }}_run.available_until is null or {{ v }}_run.available_until > {{ asked_at }})
        left join {{ histories[loop.index0] }} as {{ v }}_row
            on {% for key in view['keys'] %}{{ v }}_row.{{ key.name }} = spine.{{ keys.get(key.name, key.name) }}
            and {% endfor %}{{ v }}_row.valid_from <= {{ v }}_run.as_of
            and ({{ v }}_row.valid_to is null or {{ v }}_row.valid_to > {{ v }}_run.as_of)
        {%- endfor %}
    )
{%- endmacro %}
