{% macro end_run(results) %}
    {%- if execute and results and not provender._sees_part() -%}
        {%- do provender._log_builds(results) -%}
        {%- do provender.publish(results) -%}
    {%- endif -%}
{% endmacro %}
