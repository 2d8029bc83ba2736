with movements as (

    select * from {{ source('nyc_flights', 'movements') }}

),

schedule as (

    select * from {{ ref('stg_flights__schedule') }}
    where known_until is null

),

moved as (

    select
        movements.*,
        {{ flight_id('movements') }} as flight_id,
        schedule.flight_id is not null as is_scheduled,
        schedule.origin_zone,
        schedule.dest_zone,
        schedule.scheduled_departure_at + to_minutes(movements.dep_delay) as departed_at,
        schedule.scheduled_arrival_at + to_minutes(movements.arr_delay) as landed_at,
        case
            when movements.dep_time is null then 'cancelled'
            when movements.arr_delay is null then 'diverted'
            else 'landed'
        end as outcome
    from movements
    left join schedule
        on {{ flight_id('movements') }} = schedule.flight_id

),

final as (

    select
        flight_id,
        carrier,
        origin,
        dest,
        outcome,
        departed_at,
        cast(arr_time as integer) as arrival_clock,
        landed_at,
        cast(arr_delay as integer) as arrival_delay,
        cast(loaded_at as timestamp) as loaded_at,
        -- delays place a flight in UTC; the clocks there must have shown the local time that is written
        case
            when not is_scheduled then 'flight is not in the schedule'
            when outcome = 'cancelled' and (dep_delay is not null or arr_delay is not null)
                then 'a delay without a departure'
            when
                outcome != 'cancelled'
                and not {{ shows(to_local('departed_at', 'origin_zone'), 'dep_time') }}
                then 'departure: the clock did not show this time'
            when
                outcome = 'landed'
                and not {{ shows(to_local('landed_at', 'dest_zone'), 'arr_time') }}
                then 'arrival: the clock did not show this time'
        end as problem
    from moved

)

select * from final
