{#- What the decision log says the model was given, where it logged every feature that is asked of the view. -#}
{% macro _from_served(view) %}
    {%- set row = view.as ~ '_served' -%}
    {%- set is_logged = row ~ '.decision_id is not null' -%}
    {%- set has, computed, value = {}, {}, {} -%}
    {%- for feature in view.asked -%}
        {%- do has.update({feature.name: is_logged}) -%}
        {%- do computed.update({feature.name: row ~ '.has_' ~ feature.name}) -%}
        {%- do value.update({feature.name: row ~ '.' ~ feature.name}) -%}
    {%- endfor -%}
    {{- return({
        'source': 'served', 'reaches': is_logged, 'as_of': row ~ '.as_of', 'age': row ~ '.age', 'status': {is_logged: row ~ '.status'},
        'has': has, 'is_good': has, 'value': value, 'absent': value, 'computed': computed,
        'ctes': provender._served_cte(view),
        'joins': 'left join ' ~ row ~ '\n            on ' ~ row ~ '.decision_id = spine.decision_id',
    }) -}}
{% endmacro %}


{#- A feature that was not computed yet is served as absent, as of nothing; the row's status is that of the others. -#}
{% macro _served_cte(view) -%}
    -- {{ view.label }}: as it was served
        {{ view.as }}_served as (
            select
                served.decision_id,
                max(served.as_of) as as_of,
                {{ provender._interval('max(cast(round(served.age_seconds * 1000000) as bigint))', 'microsecond') }} as age,
                coalesce(max(case when served.status <> 'not_computed' then served.status end), 'not_computed') as status,
                {%- for feature in view.asked %}
                max(case when served.feature = '{{ feature.name }}' then {{ provender._from_json('served.value', feature.type) }} end) as {{ feature.name }},
                bool_or(served.feature = '{{ feature.name }}' and served.status <> 'not_computed') as has_{{ feature.name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from {{ view.relations.served }} as served
            inner join {{ view.relations.decisions }} as decisions
                on served.decision_id = decisions.decision_id
            where
                served.view = '{{ view.name }}' and served.version = {{ view.version }}
                and served.feature in ({% for feature in view.asked %}'{{ feature.name }}'{{ ', ' if not loop.last }}{% endfor %})
                and decisions.landed_at <= {{ provender.as_of() }}
            group by served.decision_id
            having count(*) = {{ view.asked | length }}
        )
{%- endmacro %}
