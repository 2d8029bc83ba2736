with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

known_payments as (

    select
        spine.customer_id,
        spine.as_of,
        payments.payment_id,
        payments.category,
        payments.amount,
        payments.occurred_at
    from {{ provender.spine('customer') }} as spine
    left join payments
        on
            spine.customer_id = payments.customer_id
            and {{ provender.known_at('payments', 'spine.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '90d', 'spine.as_of') }}

),

counts as (

    select
        customer_id,
        as_of,
        count(payment_id) filter (
            where {{ provender.in_window('occurred_at', '7d', 'as_of') }}
        ) as payments_7d,
        count(payment_id) filter (
            where {{ provender.in_window('occurred_at', '30d', 'as_of') }}
        ) as payments_30d,
        count(payment_id) as payments_90d,
        datesub('day', max(occurred_at), as_of) as days_since_last_purchase
    from known_payments
    group by customer_id, as_of

),

top_categories as (

    select
        customer_id,
        as_of,
        category
    from known_payments
    where
        category is not null
        and {{ provender.in_window('occurred_at', '30d', 'as_of') }}
    group by customer_id, as_of, category
    -- the declared order of ties: more payments, then more money, then the alphabet
    qualify row_number() over (
        partition by customer_id, as_of
        order by count(*) desc, sum(amount) desc, category asc
    ) = 1

),

final as (

    select
        counts.customer_id,
        counts.as_of,
        cast(counts.payments_7d as integer) as payments_7d,
        cast(counts.payments_30d as integer) as payments_30d,
        cast(counts.payments_90d as integer) as payments_90d,
        cast(counts.days_since_last_purchase as integer) as days_since_last_purchase,
        top_categories.category as top_category_30d
    from counts
    left join top_categories
        on
            counts.customer_id = top_categories.customer_id
            and counts.as_of = top_categories.as_of

)

select * from final
