with payments as (
    select * from {{ ref('stg_payments') }}
)

select
    spine.customer_id,
    spine.as_of,
    {% for window in ['1d', '7d'] -%}
    cast(count(payments.amount) filter (
        where {{ provender.in_window('payments.occurred_at', window, 'spine.as_of') }}
    ) as integer) as payments_{{ window }},
    cast(sum(payments.amount) filter (
        where {{ provender.in_window('payments.occurred_at', window, 'spine.as_of') }}
    ) as decimal(18, 2)) as paid_{{ window }},
    {% endfor -%}
    cast(count(payments.amount) as integer) as payments_30d,
    cast(sum(payments.amount) as decimal(18, 2)) as paid_30d
from {{ provender.spine('customer') }} as spine
left join payments
    on spine.customer_id = payments.customer_id
    and {{ provender.known_at('payments', 'spine.as_of') }}
    and {{ provender.in_window('payments.occurred_at', '30d', 'spine.as_of') }}
group by spine.customer_id, spine.as_of
