with placed as (

    select * from {{ ref('base_weather__observations') }}
    where problem is null

),

final as (

    select * from {{ provender.event_versions(
        'placed',
        event_id=['observation_id'],
        columns=['origin', 'temperature', 'wind_speed', 'visibility', 'precipitation'],
        source=('nyc_flights', 'weather'),
    ) }}

)

select * from final
