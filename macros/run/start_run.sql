{% macro start_run() %}
    {%- if execute -%}
        {%- do provender.as_of() -%}
        {%- do provender._use_utc() -%}
        {%- do provender.check_contracts() -%}
        {%- do provender._create_log_tables() -%}
        {%- do provender._refuse_other_publications() -%}
        {%- do provender._expose_landed_logs() -%}
    {%- endif -%}
{% endmacro %}
