with orders as (
    select * from {{ ref('stg_orders') }}
),

latest as (
    select
        spine.customer_id,
        spine.as_of,
        orders.amount,
        orders.note,
        orders.occurred_at as happened_at
    from {{ provender.spine('customer') }} as spine
    left join orders
        on spine.customer_id = orders.customer_id
        and {{ provender.known_at('orders', 'spine.as_of') }}
    qualify row_number() over (
        partition by spine.customer_id, spine.as_of
        order by orders.occurred_at desc nulls last, orders.order_id desc
    ) = 1
)

select * from latest
