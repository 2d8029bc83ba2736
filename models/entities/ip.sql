with payments as (

    select * from {{ ref('stg_lender__card_payments') }}
    where ip is not null

),

sessions as (

    select * from {{ ref('stg_lender__sessions') }}
    where ip is not null

),

sightings as (

    select
        ip,
        occurred_at,
        known_from,
        known_until
    from payments

    union all

    select
        ip,
        occurred_at,
        known_from,
        known_until
    from sessions

),

final as (

    -- alive from the moment it was first seen and known, for ever
    select
        ip,
        min(greatest(occurred_at, known_from)) as live_from,
        cast(null as timestamp) as live_until
    from sightings
    where known_until is null or known_until > greatest(occurred_at, known_from)
    group by ip

)

select * from final
