with weather as (

    select * from {{ source('nyc_flights', 'weather') }}

),

zones as (

    select * from {{ ref('stg_airports__zones') }}

),

placed as (

    select
        weather.*,
        zones.zone,
        try_cast(weather.time_hour as timestamp) as observed_at,
        make_timestamp(weather.year, weather.month, weather.day, weather.hour, 0, 0) as shown
    from weather
    left join zones
        on weather.origin = zones.airport

),

final as (

    select
        concat_ws('-', origin, time_hour) as observation_id,
        origin,
        temp as temperature,
        -- no wind at the ground was ever faster: one row (EWR, 2013-02-12) says 1,048 mph
        case when wind_speed <= 253 then wind_speed end as wind_speed,
        visib as visibility,
        precip as precipitation,
        observed_at as occurred_at,
        cast(loaded_at as timestamp) as loaded_at,
        case
            when zone is null then 'airport has no time zone'
            -- time_hour tells apart the two 01:00 of the night when clocks go back
            when coalesce({{ to_local('observed_at', 'zone') }} != shown, true)
                then 'observation: local hour and time_hour disagree'
        end as problem
    from placed

)

select * from final
