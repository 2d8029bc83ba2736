{#- What is older than `vars: provender: decision_log: {retention: …}` leaves the models as it leaves the landed files: the day of the decision
    counts, whole, or that on which it landed, whichever is later. A model that does not know when names the one that does. Nothing
    without a retention. -#}
{% macro _forget_decisions(landed_in=none) %}
    {%- set retention = provender._monitor_setting('decision_log', 'retention') -%}
    {%- if not execute or not retention -%}
        {{- return('') -}}
    {%- endif -%}
    {%- set first = "date_trunc('day', " ~ provender.as_of() ~ ' - ' ~ provender.duration(retention) ~ ')' -%}
    delete from {{ this }}
    where decided_at < {{ first }}
    {%- if landed_in %}
    and decision_id not in (select decision_id from {{ ref('provender', landed_in) }} where landed_at >= {{ first }})
    {%- else %}
    and landed_at < {{ first }}
    {%- endif %}
{% endmacro %}
