with spine as (

    select * from {{ provender.spine('route') }} as spine

),

landings as (

    select
        *,
        date_trunc('day', occurred_at) as landed_on
    from {{ ref('stg_flights__landings') }}

),

-- the days that 7 times 24 hours can touch: joining on the day makes the join an equality, and so a fast one
days as (

    select
        spine.origin,
        spine.dest,
        spine.as_of,
        date_trunc('day', spine.as_of) - back.days * interval '1 day' as landed_on
    from spine
    cross join range(8) as back (days)

),

by_carrier as (

    select
        days.origin,
        days.dest,
        days.as_of,
        landings.carrier,
        count(*) as flights,
        sum(landings.arrival_delay) as delay,
        max(landings.arrival_delay) as worst_delay
    from days
    inner join landings
        on
            days.origin = landings.origin
            and days.dest = landings.dest
            and days.landed_on = landings.landed_on
            and {{ provender.known_at('landings', 'days.as_of') }}
            and {{ provender.in_window('landings.occurred_at', '7d', 'days.as_of') }}
    group by days.origin, days.dest, days.as_of, landings.carrier

),

landed as (

    select
        origin,
        dest,
        as_of,
        sum(flights) as flights,
        sum(delay) as delay,
        max(worst_delay) as worst_delay,
        -- a tie goes to the carrier code that comes first in the alphabet
        arg_min(carrier, row(-flights, carrier)) as top_carrier,
        count(*) as carriers
    from by_carrier
    group by origin, dest, as_of

),

final as (

    select
        spine.origin,
        spine.dest,
        spine.as_of,
        cast(coalesce(landed.flights, 0) as bigint) as flights_landed_7d,
        cast(landed.delay / landed.flights as double) as mean_arrival_delay_7d,
        landed.worst_delay as worst_arrival_delay_7d,
        landed.top_carrier as top_carrier_7d,
        coalesce(landed.carriers > 1, false) as is_shared_7d
    from spine
    left join landed
        on
            spine.origin = landed.origin
            and spine.dest = landed.dest
            and spine.as_of = landed.as_of

)

select * from final
