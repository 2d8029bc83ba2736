with orders as (
    select * from {{ ref('stg_orders') }}
)

select
    spine.customer_id,
    spine.as_of,
    cast(count(orders.order_id) as integer) as level
from {{ provender.spine('customer') }} as spine
left join orders
    on spine.customer_id = orders.customer_id
    and {{ provender.known_at('orders', 'spine.as_of') }}
group by spine.customer_id, spine.as_of
