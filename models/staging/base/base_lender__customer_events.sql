-- depends_on: {{ ref('raw_customer_events') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'customer_events'),
        event_id='event_id',
        columns=['customer_id', 'event'],
        time='occurred_at',
    ) }} as placed
)

select * from final
