{% macro periodic_spine(entity, start, end, step) %}
    {%- set relation = ref(entity) -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {{- return(adapter.dispatch('periodic_spine', 'provender')(
        relation, provender._entity_keys(entity), provender._slots('periodic_spine', start, end, step)
    )) -}}
{% endmacro %}


{% macro default__periodic_spine(relation, keys, slots) -%}
    (
        select
            {% for key in keys %}life.{{ key }}, {% endfor %}
            slots.as_of
        from {{ provender._moments(slots) }} as slots
        inner join {{ relation }} as life
            on life.live_from <= slots.as_of and (life.live_until is null or life.live_until > slots.as_of)
    )
{%- endmacro %}


{#- A grid of moments, `start` included and `end` not: {start, end, step_seconds, count}. Raises, by its macro's name, for what is no grid. -#}
{% macro _slots(macro_name, start, end, step) %}
    {%- set seconds = provender.duration_seconds(step) -%}
    {%- if seconds is none -%}
        {%- do exceptions.raise_compiler_error(
            macro_name ~ ': step is not a duration, got ' ~ provender._shown(step) ~ '. Write a whole number and s, m, h or d, like 1d.'
        ) -%}
    {%- endif -%}
    {%- set from, until = provender._instant_text(start, macro_name ~ ': start'), provender._instant_text(end, macro_name ~ ': end') -%}
    {%- if from >= until -%}
        {%- do exceptions.raise_compiler_error(macro_name ~ ': start ' ~ from ~ ' is not before end ' ~ until ~ '. Give a start before the end.') -%}
    {%- endif -%}
    {%- set instant = modules.datetime.datetime.fromisoformat -%}
    {{- return({
        'start': from, 'end': until, 'step_seconds': seconds,
        'count': -((instant(from) - instant(until)) // modules.datetime.timedelta(seconds=seconds)),
    }) -}}
{% endmacro %}


{#- The moments of a grid as rows. -#}
{% macro _moments(slots) %}
    {{- return(adapter.dispatch('_moments', 'provender')(slots)) -}}
{% endmacro %}


{% macro default___moments(slots) -%}
    (
            select cast('{{ slots.start }}' as timestamp) + step * interval '{{ slots.step_seconds }} seconds' as as_of
            from generate_series(0, {{ slots.count - 1 }}) as steps(step)
        )
{%- endmacro %}
