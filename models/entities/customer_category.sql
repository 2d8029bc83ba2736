with payments as (

    select * from {{ ref('stg_lender__card_payments') }}
    where category is not null

),

customers as (

    select * from {{ ref('customer') }}

),

first_seen as (

    select
        customer_id,
        category,
        min(greatest(occurred_at, known_from)) as seen_at
    from payments
    where known_until is null or known_until > greatest(occurred_at, known_from)
    group by customer_id, category

),

final as (

    -- a pair lives while its customer does, from the first payment on
    select
        first_seen.customer_id,
        first_seen.category,
        greatest(first_seen.seen_at, customers.live_from) as live_from,
        customers.live_until
    from first_seen
    inner join customers on first_seen.customer_id = customers.customer_id
    where customers.live_until is null or customers.live_until > first_seen.seen_at

)

select * from final
