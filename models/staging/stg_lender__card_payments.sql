with placed as (
    select *
    from {{ ref('base_lender__card_payments') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['payment_id'],
        columns=[
            'customer_id', 'account_id', 'merchant_id', 'category', 'amount',
            'device_id', 'ip', 'status',
        ],
        source=('lender', 'card_payments'),
    ) }} as versions
)

select * from final
