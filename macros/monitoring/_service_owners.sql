{#- One row per feature service, with its owner. -#}
{% macro _service_owners() %}
    {{- return(provender._rows(provender.feature_services(), {'service': 'varchar', 'owner': 'varchar'})) -}}
{% endmacro %}
