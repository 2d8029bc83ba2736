{% macro known_at(row, at) %}
    {{- return(adapter.dispatch('known_at', 'provender')(row, at)) -}}
{% endmacro %}


{% macro default__known_at(row, at) -%}
    (
        {{ row }}.occurred_at <= {{ at }}
        and {{ row }}.known_from <= {{ at }}
        and ({{ row }}.known_until is null or {{ row }}.known_until > {{ at }})
    )
{%- endmacro %}
