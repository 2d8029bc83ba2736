{#- A computed number of units as an interval; a literal one is `duration`. On DuckDB not by multiplication, which takes 32 bits. -#}
{% macro _interval(count, unit) %}
    {{- return(adapter.dispatch('_interval', 'provender')(count, unit)) -}}
{% endmacro %}


{% macro default___interval(count, unit) -%}
    {{ count }} * interval '1 {{ unit }}'
{%- endmacro %}


{% macro duckdb___interval(count, unit) -%}
    to_{{ unit }}s({{ count }})
{%- endmacro %}
