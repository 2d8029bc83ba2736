{#- Since when it goes wrong: of each `by`, the first bad row of the last spell of bad hours. An hour is bad when more than `share` of its rows
    are; one without rows neither ends a spell nor begins one. -#}
{% macro _spells(relation, by, at, bad, share) -%}
    select {{ by | join(', ') }}, min(first_bad) as since
    from (
        select *, max(case when not is_bad and starts_at < last_bad then starts_at end) over (partition by {{ by | join(', ') }}) as good_before
        from (
            select *, max(case when is_bad then starts_at end) over (partition by {{ by | join(', ') }}) as last_bad
            from (
                select
                    {{ by | join(', ') }},
                    date_trunc('hour', {{ at }}) as starts_at,
                    min(case when {{ bad }} then {{ at }} end) as first_bad,
                    count(case when {{ bad }} then 1 end) > {{ share }} * count(*) as is_bad
                from {{ relation }}
                group by {{ by | join(', ') }}, date_trunc('hour', {{ at }})
            ) as hours
        ) as judged
    ) as spells
    where is_bad and (good_before is null or starts_at > good_before)
    group by {{ by | join(', ') }}
{%- endmacro %}
