{% macro _feature_service_rows() %}
    {{- return(provender._rows(provender.feature_services(), {
        'service': 'varchar', 'owner': 'varchar', 'description': 'varchar', 'latency_budget_ms': 'integer',
        'views': 'varchar', 'features': 'varchar', 'keys': 'varchar', 'rollouts': 'varchar',
    })) -}}
{% endmacro %}
