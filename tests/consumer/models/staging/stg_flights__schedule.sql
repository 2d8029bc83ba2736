with placed as (

    select * from {{ ref('base_flights__schedule') }}
    where problem is null

),

final as (

    select * from {{ provender.event_versions(
        'placed',
        event_id=['flight_id'],
        columns=[
            'carrier', 'flight_number', 'origin', 'dest', 'origin_zone', 'dest_zone',
            'scheduled_departure_at', 'scheduled_arrival_at',
        ],
        source=('nyc_flights', 'schedule'),
    ) }}

)

select * from final
