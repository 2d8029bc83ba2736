{% macro events_spine(relation, at='occurred_at', including_self=false, known_from=none) %}
    {{- return(adapter.dispatch('events_spine', 'provender')(relation, at, including_self, known_from)) -}}
{% endmacro %}


{% macro default__events_spine(relation, at, including_self, known_from) -%}
    (
        select
            *,
            {{ at }}{% if not including_self %} - interval '1 microsecond'{% endif %} as as_of
        from {{ relation }}
        {%- if known_from %}
        -- a label that nobody knew yet is none
        where {{ known_from }} <= {{ provender.as_of() }}
        {%- endif %}
    )
{%- endmacro %}
