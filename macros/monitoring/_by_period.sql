{#- Rows of the window three times: under the last 24 hours, under the window, and under their UTC day. -#}
{% macro _by_period(relation, at) -%}
    select *, 'last 24 hours' as period, {{ provender.as_of() }} - {{ provender.duration('24h') }} as starts_at
    from {{ relation }}
    where {{ at }} > {{ provender.as_of() }} - {{ provender.duration('24h') }}
    union all
    select *, 'window' as period, {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('health', 'window')) }} as starts_at
    from {{ relation }}
    union all
    select *, 'day' as period, date_trunc('day', {{ at }}) as starts_at
    from {{ relation }}
{%- endmacro %}


{#- The two that are there also when nothing was read. -#}
{% macro _fixed_periods() -%}
    select 'last 24 hours' as period, {{ provender.as_of() }} - {{ provender.duration('24h') }} as starts_at
    union all
    select 'window' as period, {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('health', 'window')) }} as starts_at
{%- endmacro %}


{#- Whether a moment lies in the window that ends with the run. -#}
{% macro _in_health_window(at) -%}
    ({{ at }} > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('health', 'window')) }} and {{ at }} <= {{ provender.as_of() }})
{%- endmacro %}
