-- depends_on: {{ ref('raw_loan_payments') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'loan_payments'),
        event_id='loan_payment_id',
        columns=['customer_id', 'application_id', 'due_on', 'amount'],
        time='paid_at',
    ) }} as placed
)

select * from final
