-- depends_on: {{ ref('raw_loan_outcomes') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'loan_outcomes'),
        event_id='application_id',
        columns=['outcome'],
        time='occurred_at',
    ) }} as placed
)

select * from final
