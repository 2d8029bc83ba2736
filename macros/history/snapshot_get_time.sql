{#- dbt stamps deletes with this. For the history of a feature view it is the run's as_of; for any other snapshot, dbt's own. -#}
{% macro default__snapshot_get_time() %}
    {%- if model is defined and model.config.get('strategy') == 'provender.feature' -%}
        {{- return(provender.as_of()) -}}
    {%- endif -%}
    {{- return(adapter.dispatch('snapshot_get_time', 'dbt_' ~ adapter.type())()) -}}
{% endmacro %}
