with movements as (

    select * from {{ ref('base_flights__movements') }}

),

final as (

    select distinct
        flight_id,
        carrier,
        origin,
        dest,
        outcome
    from movements
    where problem is null and outcome in ('cancelled', 'diverted')

)

select * from final
