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
    {%- set columns = {} -%}
    {%- for key in view_keys -%}{%- do columns.update({key: keys.get(key, key)}) -%}{%- endfor -%}
    (
        -- one row per spine row, in value and number: the spine's own columns, then the features
        select
            asked.*,
            {% for feature in features %}computed.{{ feature }}{{ ',' if not loop.last }} {% endfor %}
        from {{ spine }} as asked
        left join {{ provender._filled(definition, provender._key_spine(spine, columns, as_of)) }} as computed
            on {% for key, column in columns.items() %}asked.{{ column }} = computed.{{ key }} and {% endfor %}
                cast(asked.{{ as_of }} as timestamp) = computed.as_of
    )
{%- endmacro %}


{#- A stored definition over a spine: keys, as_of and features. -#}
{% macro _filled(definition, spine) -%}
    (
            with {{ provender._hole() }} as (
                {{ spine }}
            )

            select * from (
                {{ definition }}
            ) as definition
        )
{%- endmacro %}


{#- Each whole key and time of somebody's rows once. `keys`: the view's key to their column. -#}
{% macro _key_spine(relation, keys, as_of) -%}
    select distinct
                    {% for key, column in keys.items() %}{{ column }} as {{ key }}, {% endfor %}
                    cast({{ as_of }} as timestamp) as as_of
                from {{ relation }}
                where {% for column in keys.values() %}{{ column }} is not null and {% endfor %}{{ as_of }} is not null
{%- endmacro %}
