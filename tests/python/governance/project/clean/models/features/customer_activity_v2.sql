select
    spine.customer_id,
    spine.as_of,
    count(*) as payments,
    max(payments.loaded_at) as last_payment_at,
    0.5 as share
from {{ provender.spine('customer') }} as spine
left join {{ ref('stg_payments') }} as payments on spine.customer_id = payments.customer_id
group by all
