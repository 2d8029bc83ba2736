select
    spine.customer_id,
    spine.as_of,
    case when spend.amount_1d > 10 then 2 when spend.amount_1d > 0 then 1 end as level,
    spend.orders_1h * 24 as pace
from {{ provender.spine('customer') }} as spine
inner join {{ provender.features_of('spend') }} as spend
    on spine.customer_id = spend.customer_id and spine.as_of = spend.as_of
