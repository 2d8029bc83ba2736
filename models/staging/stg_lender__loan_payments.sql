with placed as (
    select *
    from {{ ref('base_lender__loan_payments') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['loan_payment_id'],
        columns=['customer_id', 'application_id', 'due_on', 'amount'],
        source=('lender', 'loan_payments'),
    ) }} as versions
)

select * from final
