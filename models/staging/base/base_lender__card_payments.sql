-- depends_on: {{ ref('raw_card_payments') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'card_payments'),
        event_id='payment_id',
        columns=[
            'customer_id', 'account_id', 'merchant_id', 'category', 'amount',
            'device_id', 'ip', 'status',
        ],
        time='paid_at_local', zone='zone',
    ) }} as placed
)

select * from final
