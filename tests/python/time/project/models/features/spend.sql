with orders as (
    select * from {{ ref('stg_orders') }}
)

select
    spine.customer_id,
    spine.as_of,
    cast(count(orders.order_id) filter (
        where {{ provender.in_window('orders.occurred_at', '1h', 'spine.as_of') }}
    ) as integer) as orders_1h,
    cast(sum(orders.amount) as decimal(18, 2)) as amount_1d,
    cast(max(orders.amount) filter (
        where {{ provender.in_window('orders.occurred_at', '1h', 'spine.as_of') }}
    ) as decimal(18, 2)) as largest_1h
from {{ provender.spine('customer') }} as spine
left join orders
    on spine.customer_id = orders.customer_id
    and {{ provender.known_at('orders', 'spine.as_of') }}
    and {{ provender.in_window('orders.occurred_at', '1d', 'spine.as_of') }}
group by spine.customer_id, spine.as_of
