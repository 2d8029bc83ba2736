-- Staging places an arrival by its delay. The clock alone says the same: it is the first time after departure
-- when clocks at the destination show arr_time, on the next day if need be. An hour shown twice has no UTC by
-- the clock alone; there only the local time is compared.
with landings as (

    select
        movements.flight_id,
        movements.landed_at,
        schedule.dest_zone,
        {{ next_showing(
            to_local('movements.departed_at', 'schedule.dest_zone'), clock_time('movements.arrival_clock')
        ) }} as arrival_local
    from {{ ref('base_flights__movements') }} as movements
    inner join {{ ref('stg_flights__schedule') }} as schedule
        on movements.flight_id = schedule.flight_id
    where
        movements.outcome = 'landed'
        and movements.problem is null
        and schedule.known_until is null

),

placed as (

    select
        *,
        {{ provender.to_utc('arrival_local', 'dest_zone') }} as landed_by_the_clock
    from landings

)

select * from placed
where
    landed_at != landed_by_the_clock
    or arrival_local != {{ to_local('landed_at', 'dest_zone') }}
