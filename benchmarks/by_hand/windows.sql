-- Each payment as it was known at the row's time. Nobody asks twice for the same row (`n`).
select
    spine.*,
    cast(count(payments.amount) filter (
        where payments.occurred_at > spine.as_of - interval 1 day
    ) as integer) as payments_1d,
    cast(coalesce(sum(payments.amount) filter (
        where payments.occurred_at > spine.as_of - interval 1 day
    ), 0) as decimal(18, 2)) as paid_1d,
    cast(count(payments.amount) filter (
        where payments.occurred_at > spine.as_of - interval 7 days
    ) as integer) as payments_7d,
    cast(coalesce(sum(payments.amount) filter (
        where payments.occurred_at > spine.as_of - interval 7 days
    ), 0) as decimal(18, 2)) as paid_7d,
    cast(count(payments.amount) as integer) as payments_30d,
    cast(coalesce(sum(payments.amount), 0) as decimal(18, 2)) as paid_30d
from labels.spine as spine
left join stg_payments as payments
    on spine.customer_id = payments.customer_id
    and payments.occurred_at > spine.as_of - interval 30 days
    and payments.occurred_at <= spine.as_of
    and payments.known_from <= spine.as_of
    and (payments.known_until is null or payments.known_until > spine.as_of)
group by spine.n, spine.customer_id, spine.as_of
