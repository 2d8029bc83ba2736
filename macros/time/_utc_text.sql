{#- A time from YAML, as the graph holds it, in UTC and as text; none stays none. dbt reads one without a zone in that of the machine. -#}
{% macro _utc_text(value) %}
    {%- if value is none or value is undefined -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(value) if value is string else value -%}
    {{- return(moment.astimezone(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')) -}}
{% endmacro %}
