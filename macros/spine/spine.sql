{% macro spine(entity) %}
    {%- set relation = ref(entity) -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {{- return(adapter.dispatch('spine', 'provender')(
        entity, relation, provender._entity_keys(entity), provender.as_of()
    )) -}}
{% endmacro %}


{% macro default__spine(entity, relation, keys, as_of) -%}
    ( /* provender:spine {{ entity }} */
        select {{ keys | join(', ') }}, {{ as_of }} as as_of
        from {{ relation }}
        where live_from <= {{ as_of }} and (live_until is null or live_until > {{ as_of }})
    /* provender:end */ )
{%- endmacro %}


{#- A dbt unit test has no graph: there the given rows of the entity pass whole, and a view names the columns it takes. -#}
{% macro _entity_keys(entity) %}
    {%- if 'nodes' not in graph -%}
        {{- return(['*']) -}}
    {%- endif -%}
    {%- for node in provender._nodes('model') if node.name == entity -%}
        {%- set meta = (node.config.get('meta') or {}).get('entity') -%}
        {%- if meta and meta.get('keys') -%}
            {{- return(meta['keys']) -}}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "spine: '" ~ entity ~ "' is not an entity. Give the model `config: {meta: {entity: {keys: […]}}}`, "
        ~ "and the columns live_from and live_until."
    ) -%}
{% endmacro %}
