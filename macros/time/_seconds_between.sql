{#- Seconds between two times. -#}
{% macro _seconds_between(earlier, later) %}
    {{- return(adapter.dispatch('_seconds_between', 'provender')(earlier, later)) -}}
{% endmacro %}


{#- An infinite time has no distance. -#}
{% macro default___seconds_between(earlier, later) -%}
    case when isfinite({{ earlier }}) then extract(epoch from cast({{ later }} as timestamp)) - extract(epoch from cast({{ earlier }} as timestamp)) end
{%- endmacro %}
