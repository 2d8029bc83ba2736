with flights as (

    select * from {{ ref('stg_flights__schedule') }}
    where known_until is null

),

landings as (

    select * from {{ ref('stg_flights__landings') }}
    where known_until is null

),

final as (

    select
        flights.flight_id,
        flights.carrier,
        flights.origin,
        flights.dest,
        flights.scheduled_departure_at - interval '2 hours' as as_of,
        flights.scheduled_departure_at,
        landings.arrival_delay > 15 as is_late,
        landings.known_from as label_known_from
    from flights
    left join landings
        on flights.flight_id = landings.flight_id

)

select * from final
