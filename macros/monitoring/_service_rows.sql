{#- One row per view version that a service reads. -#}
{% macro _service_view_rows() %}
    {%- set rows = [] -%}
    {%- for service in provender.feature_services() -%}
        {%- for read in service.views -%}
            {%- do rows.append({'service': service.service, 'owner': service.owner, 'view': read.view, 'version': read.version}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'service': 'varchar', 'owner': 'varchar', 'view': 'varchar', 'version': 'integer'})) -}}
{% endmacro %}
