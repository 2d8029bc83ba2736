with payments as (

    select * from {{ ref('stg_lender__card_payments') }}
    where device_id is not null

),

sessions as (

    select * from {{ ref('stg_lender__sessions') }}
    where device_id is not null

),

sightings as (

    select
        device_id,
        occurred_at,
        known_from,
        known_until
    from payments

    union all

    select
        device_id,
        occurred_at,
        known_from,
        known_until
    from sessions

),

final as (

    -- alive from the moment it was first seen and known, for ever
    select
        device_id,
        min(greatest(occurred_at, known_from)) as live_from,
        cast(null as timestamp) as live_until
    from sightings
    where known_until is null or known_until > greatest(occurred_at, known_from)
    group by device_id

)

select * from final
