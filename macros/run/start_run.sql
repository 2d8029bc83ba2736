{% macro start_run() %}
    {%- if execute -%}
        {%- do provender.as_of() -%}
        {%- do provender._use_utc() -%}
        {%- do provender.check_contracts() -%}
        {%- do provender._create_log_tables() -%}
        {%- do provender._refuse_other_publications() -%}
        {%- do provender._expose_landed_logs() -%}
        {#- Else the threads of the build make dbt's list of this schema together, and one may see half of it. Last: it leaves a
            transaction open. -#}
        {%- do load_relation(provender._log_relation('definition_log')) -%}
    {%- endif -%}
{% endmacro %}
