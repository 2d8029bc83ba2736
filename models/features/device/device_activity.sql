with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

final as (

    select
        spine.device_id,
        spine.as_of,
        cast(count(payments.payment_id) as integer) as device_payments_60m,
        cast(coalesce(sum(payments.amount), 0) as decimal(18, 2)) as device_amount_60m
    from {{ provender.spine('device') }} as spine
    left join payments
        on
            spine.device_id = payments.device_id
            and {{ provender.known_at('payments', 'spine.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '60m', 'spine.as_of') }}
    group by spine.device_id, spine.as_of

)

select * from final
