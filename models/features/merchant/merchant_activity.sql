with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

final as (

    select
        spine.merchant_id,
        spine.as_of,
        cast(count(payments.payment_id) as integer) as merchant_payments_24h,
        cast(coalesce(sum(payments.amount), 0) as decimal(18, 2)) as merchant_amount_24h
    from {{ provender.spine('merchant') }} as spine
    left join payments
        on
            spine.merchant_id = payments.merchant_id
            and {{ provender.known_at('payments', 'spine.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '24h', 'spine.as_of') }}
    group by spine.merchant_id, spine.as_of

)

select * from final
