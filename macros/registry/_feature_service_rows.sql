{% macro _feature_service_rows(views=none) %}
    {%- set rows = [] -%}
    {%- for service in provender._feature_services(provender.feature_views() if views is none else views) -%}
        {%- set node = graph.exposures[service.unique_id] -%}
        {%- set row = dict(
            service, meta=provender._plain(provender._meta_mapping(node, 'feature_service')), training_sets=provender._training_set_nodes(node)
        ) -%}
        {%- do rows.append(row) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'service': 'varchar', 'unique_id': 'varchar', 'owner': 'varchar', 'description': 'varchar', 'latency_budget_ms': 'integer',
        'views': 'varchar', 'features': 'varchar', 'keys': 'varchar', 'training_sets': 'varchar', 'meta': 'varchar',
    })) -}}
{% endmacro %}
