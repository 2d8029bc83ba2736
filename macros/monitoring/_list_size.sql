{#- How many values a list has; 0 for null. -#}
{% macro _list_size(column) %}
    {{- return(adapter.dispatch('_list_size', 'provender')(column)) -}}
{% endmacro %}


{% macro duckdb___list_size(column) -%}
    coalesce(len({{ column }}), 0)
{%- endmacro %}
