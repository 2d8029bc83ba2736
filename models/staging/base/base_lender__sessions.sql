-- depends_on: {{ ref('raw_sessions') }}
with final as (
    select *
    from {{ provender.place_deliveries(
        source('lender', 'sessions'),
        event_id='session_id',
        columns=['customer_id', 'device_id', 'ip'],
        time='started_at_local', zone='zone',
    ) }} as placed
)

select * from final
