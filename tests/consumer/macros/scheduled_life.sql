{#- Lives as known from the schedule: a key lives while a flight of it is announced for later,
    or was for the last 30 days. -#}
{% macro scheduled_life(keys) -%}
    {%- set key = keys | join(', ') -%}
    with flights as (
        select
            {{ key }},
            greatest(occurred_at, known_from) as live_from,
            least(known_until, scheduled_departure_at + {{ provender.duration('30d') }}) as live_until
        from {{ ref('stg_flights__schedule') }}
    ),

    announced as (
        select
            {{ key }},
            live_from,
            max(live_until) as live_until
        from flights
        where live_from < live_until
        group by {{ key }}, live_from
    ),

    followed as (
        select
            *,
            max(live_until) over (
                partition by {{ key }}
                order by live_from
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from announced
    ),

    -- intervals that touch or overlap are one life
    numbered as (
        select
            *,
            sum(case when covered_until >= live_from then 0 else 1 end) over (
                partition by {{ key }}
                order by live_from
                rows between unbounded preceding and current row
            ) as life
        from followed
    ),

    final as (
        select
            {{ key }},
            min(live_from) as live_from,
            max(live_until) as live_until
        from numbered
        group by {{ key }}, life
    )

    select * from final
{%- endmacro %}
