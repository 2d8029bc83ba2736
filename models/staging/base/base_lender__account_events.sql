-- depends_on: {{ ref('raw_account_events') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'account_events'),
        event_id='event_id',
        columns=['account_id', 'customer_id', 'kind', 'event'],
        time='occurred_at',
    ) }} as placed
)

select * from final
