{% macro in_window(column, window, at) %}
    {{- return(adapter.dispatch('in_window', 'provender')(column, window, at)) -}}
{% endmacro %}


{% macro default__in_window(column, window, at) -%}
    ({{ column }} > {{ at }} - {{ provender.duration(window) }} and {{ column }} <= {{ at }})
{%- endmacro %}
