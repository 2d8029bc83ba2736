{% macro events_spine(relation, at='occurred_at', including_self=false) %}
    {{- return(adapter.dispatch('events_spine', 'provender')(relation, at, including_self)) -}}
{% endmacro %}


{% macro default__events_spine(relation, at, including_self) -%}
    (
        select
            *,
            {{ at }}{% if not including_self %} - interval '1 microsecond'{% endif %} as as_of
        from {{ relation }}
    )
{%- endmacro %}
