with payments as (

    select * from {{ ref('stg_lender__card_payments') }}
    where merchant_id is not null

),

sightings as (

    select
        merchant_id,
        occurred_at,
        known_from,
        known_until
    from payments

),

final as (

    -- alive from the moment it was first seen and known, for ever
    select
        merchant_id,
        min(greatest(occurred_at, known_from)) as live_from,
        cast(null as timestamp) as live_until
    from sightings
    where known_until is null or known_until > greatest(occurred_at, known_from)
    group by merchant_id

)

select * from final
