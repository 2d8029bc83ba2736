with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

-- one row per (customer, as_of) asked for, however many categories it is asked with
customers as (

    select distinct
        customer_id,
        as_of
    from {{ provender.spine('customer_category') }} as spine

),

counts as (

    select
        customers.customer_id,
        customers.as_of,
        payments.category,
        count(*) as category_payments,
        sum(count(*)) over (partition by customers.customer_id, customers.as_of) as all_payments
    from customers
    inner join payments
        on
            customers.customer_id = payments.customer_id
            and {{ provender.known_at('payments', 'customers.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '30d', 'customers.as_of') }}
    where payments.category is not null
    group by customers.customer_id, customers.as_of, payments.category

),

final as (

    select
        spine.customer_id,
        spine.category,
        spine.as_of,
        cast(coalesce(counts.category_payments, 0) as integer) as category_payments_30d,
        ln(cast(counts.category_payments as double) / counts.all_payments) as affinity_30d
    from {{ provender.spine('customer_category') }} as spine
    left join counts
        on
            spine.customer_id = counts.customer_id
            and spine.category = counts.category
            and spine.as_of = counts.as_of

)

select * from final
