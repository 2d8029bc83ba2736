with landed as (

    select
        *,
        landed_at as occurred_at
    from {{ ref('base_flights__movements') }}
    where problem is null and outcome = 'landed'

),

final as (

    select * from {{ provender.event_versions(
        'landed',
        event_id=['flight_id'],
        columns=['carrier', 'origin', 'dest', 'arrival_delay'],
        source=('nyc_flights', 'movements'),
    ) }}

)

select * from final
