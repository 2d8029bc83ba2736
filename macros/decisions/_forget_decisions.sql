{#- What is older than `vars: provender: decision_log: {retention: …}` leaves the models as it leaves the landed files; the day of the decision
    counts, whole. Nothing without a retention. -#}
{% macro _forget_decisions() %}
    {%- set retention = provender._monitor_setting('decision_log', 'retention') -%}
    {%- if not execute or not retention -%}
        {{- return('') -}}
    {%- endif -%}
    delete from {{ this }}
    where decided_at < date_trunc('day', {{ provender.as_of() }} - {{ provender.duration(retention) }})
{% endmacro %}
