with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

final as (

    select
        spine.customer_id,
        spine.as_of,
        cast(coalesce(sum(payments.amount), 0) as decimal(18, 2)) as spend_30d
    from {{ provender.spine('customer') }} as spine
    left join payments
        on
            spine.customer_id = payments.customer_id
            and {{ provender.known_at('payments', 'spine.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '30d', 'spine.as_of') }}
    group by spine.customer_id, spine.as_of

)

select * from final
