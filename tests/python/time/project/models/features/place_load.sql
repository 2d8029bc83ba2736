with orders as (
    select * from {{ ref('stg_orders') }}
)

select
    spine.region,
    spine.code,
    spine.as_of,
    cast(count(orders.order_id) as integer) as orders_1h,
    cast(sum(orders.amount) as double) / count(orders.amount) as mean_1h,
    count(orders.order_id) > 1 as is_busy
from {{ provender.spine('place') }} as spine
left join orders
    on spine.region = orders.region and spine.code = orders.code
    and {{ provender.known_at('orders', 'spine.as_of') }}
    and {{ provender.in_window('orders.occurred_at', '1h', 'spine.as_of') }}
group by spine.region, spine.code, spine.as_of
