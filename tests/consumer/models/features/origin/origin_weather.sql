with spine as (

    select * from {{ provender.spine('airport_origin') }} as spine

),

observations as (

    select
        *,
        date_trunc('hour', occurred_at) as observed_in
    from {{ ref('stg_weather__observations') }}

),

-- the hours that 3 hours can touch: joining on the hour makes the join an equality, and so a fast one
hours as (

    select
        spine.origin,
        spine.as_of,
        date_trunc('hour', spine.as_of) - back.hours * interval '1 hour' as observed_in
    from spine
    cross join range(4) as back (hours)

),

known as (

    select
        hours.origin,
        hours.as_of,
        observations.occurred_at,
        observations.temperature,
        observations.wind_speed,
        observations.visibility,
        observations.precipitation
    from hours
    inner join observations
        on
            hours.origin = observations.origin
            and hours.observed_in = observations.observed_in
            and {{ provender.known_at('observations', 'hours.as_of') }}
            and {{ provender.in_window('observations.occurred_at', '3h', 'hours.as_of') }}

),

latest as (

    -- an airport has one observation an hour, and one known version of it: the latest is never a tie
    select *
    from known
    qualify row_number() over (partition by origin, as_of order by occurred_at desc) = 1

),

final as (

    select
        spine.origin,
        spine.as_of,
        latest.temperature as temperature_f,
        latest.wind_speed as wind_speed_mph,
        latest.visibility as visibility_miles,
        latest.precipitation as precipitation_in,
        date_sub('minute', latest.occurred_at, spine.as_of) as observation_age_minutes
    from spine
    left join latest
        on
            spine.origin = latest.origin
            and spine.as_of = latest.as_of

)

select * from final
