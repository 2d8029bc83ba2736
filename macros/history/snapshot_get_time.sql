{#- dbt stamps deletes with this. For the history of a feature view it is the run's as_of; for any other snapshot, dbt's own. -#}
{% macro default__snapshot_get_time() %}
    {%- if model is defined and model.config.get('strategy') == 'provender.feature' -%}
        {{- return(provender.as_of()) -}}
    {%- endif -%}
    {#- By name: a dispatch would search this project first, and find this macro again. -#}
    {%- set own = adapter.type() ~ '__snapshot_get_time' -%}
    {{- return(dbt[own]() if own in dbt else dbt.default__snapshot_get_time()) -}}
{% endmacro %}
