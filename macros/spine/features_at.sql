{% macro features_at(view, spine, v=none, keys={}, as_of='as_of') %}
    {%- set relation = ref(view, v=v) if v else ref(view) -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- set node = provender._view_node(view, v) -%}
    {{- return(adapter.dispatch('features_at', 'provender')(
        spine, provender._stored_definition(node), node['keys'] | map(attribute='name') | list,
        node['features'] | map(attribute='name') | list, keys, as_of
    )) -}}
{% endmacro %}


{% macro default__features_at(spine, definition, view_keys, features, keys, as_of) -%}
    (
        with {{ provender._hole() }} as (
            select distinct
                {% for key in view_keys %}{{ keys.get(key, key) }} as {{ key }}, {% endfor %}
                {{ as_of }} as as_of
            from {{ spine }}
            where {% for key in view_keys %}{{ keys.get(key, key) }} is not null and {% endfor %}{{ as_of }} is not null
        ),

        computed as (
            {{ definition }}
        )

        -- one row per spine row, in value and number: the spine's own columns, then the features
        select
            asked.*,
            {% for feature in features %}computed.{{ feature }}{{ ',' if not loop.last }} {% endfor %}
        from {{ spine }} as asked
        left join computed
            on {% for key in view_keys %}asked.{{ keys.get(key, key) }} = computed.{{ key }} and {% endfor %}
                asked.{{ as_of }} = computed.as_of
    )
{%- endmacro %}
