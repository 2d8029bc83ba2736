with schedule as (

    select * from {{ source('nyc_flights', 'schedule') }}

),

zones as (

    select * from {{ ref('stg_airports__zones') }}

),

departures as (

    select
        schedule.*,
        {{ flight_id('schedule') }} as flight_id,
        origins.zone as origin_zone,
        destinations.zone as dest_zone,
        try_cast(schedule.time_hour as timestamp) + to_minutes(schedule.minute) as scheduled_departure_at
    from schedule
    left join zones as origins
        on schedule.origin = origins.airport
    left join zones as destinations
        on schedule.dest = destinations.airport

),

local_times as (

    select
        *,
        make_timestamp(year, month, day, 0, 0, 0) + {{ clock_time('sched_dep_time') }} as departure_shown,
        {{ to_local('scheduled_departure_at', 'origin_zone') }} as departure_local,
        {{ next_showing(
            to_local('scheduled_departure_at', 'dest_zone'), clock_time('sched_arr_time')
        ) }} as arrival_local
    from departures

),

placed as (

    select
        *,
        {{ provender.to_utc('arrival_local', 'dest_zone') }} as scheduled_arrival_at
    from local_times

),

final as (

    select
        flight_id,
        carrier,
        flight as flight_number,
        origin,
        dest,
        origin_zone,
        dest_zone,
        scheduled_departure_at,
        scheduled_arrival_at,
        cast(published_at as timestamp) as occurred_at,
        cast(loaded_at as timestamp) as loaded_at,
        case
            when origin_zone is null then 'origin has no time zone'
            when dest_zone is null then 'destination has no time zone'
            -- time_hour tells apart the two 01:30 of the night when clocks go back
            when coalesce(departure_local != departure_shown, true)
                then 'scheduled departure: local time and time_hour disagree'
            when scheduled_arrival_at is null then 'scheduled arrival: no single instant shows it'
        end as problem
    from placed

)

select * from final
