with movements as (

    select * from {{ source('nyc_flights', 'movements') }}

),

schedule as (

    select * from {{ ref('stg_flights__schedule') }}
    where known_until is null

),

zones as (

    select * from {{ ref('stg_airports__zones') }}

),

departures as (

    select
        movements.*,
        {{ flight_id('movements') }} as flight_id,
        schedule.flight_id is not null as is_scheduled,
        schedule.dest_zone,
        schedule.scheduled_departure_at,
        schedule.scheduled_arrival_at,
        zones.zone as origin_zone,
        schedule.scheduled_departure_at + to_minutes(movements.dep_delay) as departed_at,
        schedule.scheduled_arrival_at + to_minutes(movements.arr_delay) as due_plus_delay,
        case
            when movements.dep_time is null then 'cancelled'
            when movements.arr_delay is null then 'diverted'
            else 'landed'
        end as outcome
    from movements
    left join schedule
        on {{ flight_id('movements') }} = schedule.flight_id
    left join zones
        on movements.origin = zones.airport

),

local_times as (

    select
        *,
        {{ to_local('departed_at', 'origin_zone') }} as departure_local,
        {{ next_showing(to_local('departed_at', 'dest_zone'), clock_time('arr_time')) }} as arrival_local
    from departures

),

arrivals as (

    select
        *,
        coalesce(
            {{ provender.to_utc('arrival_local', 'dest_zone') }},
            -- a clock that went back shows an hour twice: of its two instants, the one the delay names
            case
                when {{ to_local('due_plus_delay', 'dest_zone') }} = arrival_local then due_plus_delay
            end
        ) as landed_at
    from local_times

),

final as (

    select
        flight_id,
        carrier,
        origin,
        dest,
        outcome,
        departed_at,
        case when outcome = 'landed' then landed_at end as landed_at,
        cast(arr_delay as integer) as arrival_delay,
        cast(loaded_at as timestamp) as loaded_at,
        case
            when not is_scheduled then 'flight is not in the schedule'
            when outcome = 'cancelled' and (dep_delay is not null or arr_delay is not null)
                then 'a delay without a departure'
            when outcome != 'cancelled' and not {{ shows('departure_local', 'dep_time') }}
                then 'departure: local time and delay disagree'
            when outcome = 'landed' and landed_at is null
                then 'arrival: no single instant shows it'
            when outcome = 'landed' and landed_at != due_plus_delay
                then 'arrival: local time and delay disagree'
        end as problem
    from arrivals

)

select * from final
