{% macro end_run(results) %}
    {%- if execute and results and not flags.EMPTY and not flags.SAMPLE -%}
        {%- do provender._log_builds(results) -%}
        {%- do provender.publish(results) -%}
    {%- endif -%}
{% endmacro %}
