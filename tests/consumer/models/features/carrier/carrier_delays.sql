with spine as (

    select * from {{ provender.spine('carrier') }} as spine

),

landings as (

    select
        *,
        date_trunc('day', occurred_at) as landed_on
    from {{ ref('stg_flights__landings') }}

),

-- the days that 24 hours can touch: joining on the day makes the join an equality, and so a fast one
days as (

    select
        spine.carrier,
        spine.as_of,
        date_trunc('day', spine.as_of) - back.days * interval '1 day' as landed_on
    from spine
    cross join range(2) as back (days)

),

landed as (

    select
        days.carrier,
        days.as_of,
        count(*) as flights,
        sum(landings.arrival_delay) as delay,
        count(*) filter (where landings.arrival_delay > 15) as late_flights
    from days
    inner join landings
        on
            days.carrier = landings.carrier
            and days.landed_on = landings.landed_on
            and {{ provender.known_at('landings', 'days.as_of') }}
            and {{ provender.in_window('landings.occurred_at', '24h', 'days.as_of') }}
    group by days.carrier, days.as_of

),

final as (

    select
        spine.carrier,
        spine.as_of,
        coalesce(landed.flights, 0) as flights_landed_24h,
        cast(landed.delay / landed.flights as double) as mean_arrival_delay_24h,
        cast(landed.late_flights / landed.flights as double) as late_share_24h
    from spine
    left join landed
        on
            spine.carrier = landed.carrier
            and spine.as_of = landed.as_of

)

select * from final
