with placed as (
    select *
    from {{ ref('base_lender__customer_events') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['event_id'],
        columns=['customer_id', 'event'],
        source=('lender', 'customer_events'),
    ) }} as versions
)

select * from final
