with payments as (

    select * from {{ ref('stg_lender__card_payments') }}

),

final as (

    select
        spine.ip,
        spine.as_of,
        cast(count(payments.payment_id) as integer) as ip_payments_10m,
        cast(count(distinct payments.customer_id) as integer) as ip_customers_10m
    from {{ provender.spine('ip') }} as spine
    left join payments
        on
            spine.ip = payments.ip
            and {{ provender.known_at('payments', 'spine.as_of') }}
            and {{ provender.in_window('payments.occurred_at', '10m', 'spine.as_of') }}
    group by spine.ip, spine.as_of

)

select * from final
