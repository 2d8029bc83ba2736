{% macro feature_views(unique_id=none) %}
    {%- if not execute -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set views = provender._once('feature_views', provender._all_feature_views) -%}
    {{- return(views if unique_id is none else views | selectattr('unique_id', 'equalto', unique_id) | list) -}}
{% endmacro %}


{% macro _all_feature_views() %}
    {%- set entities = provender.entities() -%}
    {%- set snapshots = provender._nodes('snapshot') -%}
    {%- set views = [] -%}
    {%- for node in provender._feature_view_nodes() -%}
        {%- do views.append(provender._feature_view(node, entities, snapshots)) -%}
    {%- endfor -%}
    {{- return(views) -}}
{% endmacro %}


{% macro _feature_view(node, entities, snapshots) %}
    {%- set config = provender.feature_view_config(node) -%}
    {%- set keys = provender._entity_key_names(config.get('entity'), entities) -%}
    {%- set histories = provender._histories(node, snapshots) -%}
    {{- return({
        'unique_id': node.unique_id,
        'name': node.name,
        'version': provender._version(node),
        'label': provender._label(node),
        'relation_name': node.relation_name,
        'description': node.description,
        'entity': config.get('entity'),
        'keys': provender._typed_columns(node, keys),
        'features': provender._features(node, keys),
        'policies': {
            'ttl_seconds': provender.duration_seconds(config.get('ttl')),
            'freshness_sla_seconds': provender.duration_seconds(config.get('freshness_sla')),
            'otherwise': config.get('otherwise'),
            'classification': config.get('classification'),
            'log_values': provender._log_values(config),
            'lag_seconds': provender.duration_seconds(config.get('lag')),
            'backfill': config.get('backfill'),
            'backfill_reason': config.get('backfill_reason'),
        },
        'allowed_uses': provender._allowed_uses(node, config),
        'retention_seconds': provender.duration_seconds(config.get('retention')),
        'owner': node.config.get('group'),
        'tags': node.tags | list,
        'deprecation_date': provender._deprecation_date(node),
        'history': {'unique_id': histories[0].unique_id, 'alias': histories[0].alias} if histories else none,
    }) -}}
{% endmacro %}


{#- The day that dbt's `deprecation_date` of a model names, as it was written: dbt puts it into the zone of the machine. None without one. -#}
{% macro _deprecation_date(node) %}
    {{- return((node.deprecation_date | string)[:10] if node.get('deprecation_date') else none) -}}
{% endmacro %}
