{% macro check_contracts() %}
    {%- set found = provender._contract_violations() if execute else [] -%}
    {%- if found -%}
        {%- do exceptions.raise_compiler_error(
            'check_contracts: ' ~ found | length ~ ' violation' ~ ('s' if found | length > 1 else '')
            ~ ' of the contract. Nothing was computed.\n- ' ~ found | join('\n- ')
        ) -%}
    {%- endif -%}
    {{- return('') -}}
{% endmacro %}


{#- Every violation of the project as one sentence each, in an order that does not change between runs. -#}
{% macro _contract_violations() %}
    {%- set views = provender._feature_view_nodes() -%}
    {%- set entities = provender.entities() -%}
    {%- set snapshots = provender._nodes('snapshot') -%}
    {%- set found = provender._check_folder_defaults() + provender._check_names(views) + provender._check_entities() -%}
    {%- set per_view = [] -%}
    {%- for node in views -%}
        {%- do per_view.extend(
            provender._check_policies(node) + provender._check_keys(node, entities) + provender._check_columns(node, entities)
            + provender._check_features(node, entities) + provender._check_history(node, entities, snapshots)
        ) -%}
    {%- endfor -%}
    {{- return(
        found + per_view + provender._check_histories(views, snapshots) + provender._check_services(views)
        + provender._check_sources(views) + provender._check_clocks(views) + provender._check_reads(views) + provender._check_schedules(views)
        + provender._check_cadences() + provender._check_pipelines()
    ) -}}
{% endmacro %}
