with orders as (
    select * from {{ ref('stg_orders') }}
)

select
    spine.customer_id,
    spine.as_of,
    cast(count(orders.order_id) as integer) as orders_7d,
    cast(sum(orders.amount) as decimal(18, 2)) as spend_7d
from {{ provender.spine('customer') }} as spine
left join orders
    on spine.customer_id = orders.customer_id
    and {{ provender.known_at('orders', 'spine.as_of') }}
    and {{ provender.in_window('orders.occurred_at', '7d', 'spine.as_of') }}
group by spine.customer_id, spine.as_of
