{% test history_intervals(model, keys) %}
    {{- return(adapter.dispatch('history_intervals', 'provender')(model, keys)) -}}
{% endtest %}


{% macro default__history_intervals(model, keys) -%}
    {%- set key = keys | join(', ') -%}
    with ordered as (
        select
            {{ key }},
            scd_id,
            valid_from,
            valid_to,
            lead(valid_from) over (partition by {{ key }} order by valid_from, valid_to) as next_from,
            count(*) over (partition by scd_id) as same_id
        from {{ model }}
    )

    select
        *,
        case
            when {{ keys | join(' is null or ') }} is null then 'null key'
            when scd_id is null then 'no scd_id'
            when same_id > 1 then 'scd_id not unique'
            when valid_from is null then 'no beginning'
            when valid_to <= valid_from then 'ends before it begins'
            when next_from is not null and valid_to is null then 'two open rows'
            when next_from < valid_to then 'overlaps the next'
        end as violation
    from ordered
    where violation is not null
{%- endmacro %}
