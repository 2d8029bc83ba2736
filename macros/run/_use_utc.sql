{#- A `timestamp with time zone` in somebody's spine is compared in the session's zone; all sessions of a run are in UTC. -#}
{% macro _use_utc() %}
    {{- return(adapter.dispatch('_use_utc', 'provender')()) -}}
{% endmacro %}


{% macro default___use_utc() %}{% endmacro %}


{% macro duckdb___use_utc() %}
    {%- do run_query("set global timezone = 'UTC'") -%}
{% endmacro %}
