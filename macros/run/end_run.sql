{% macro end_run(results) %}
    {%- if execute and results and not provender._sees_part() -%}
        {%- do provender._log_builds(results) -%}
        {%- do provender._log_monitors(results) -%}
        {%- do provender.publish(results) -%}
        {%- do provender._tell_findings(results) -%}
    {%- endif -%}
{% endmacro %}
