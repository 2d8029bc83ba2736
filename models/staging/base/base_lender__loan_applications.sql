-- depends_on: {{ ref('raw_loan_applications') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'loan_applications'),
        event_id='application_id',
        columns=['customer_id', 'device_id', 'ip', 'amount'],
        time='applied_at',
    ) }} as placed
)

select * from final
