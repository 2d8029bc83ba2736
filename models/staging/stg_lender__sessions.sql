with placed as (
    select *
    from {{ ref('base_lender__sessions') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['session_id'],
        columns=['customer_id', 'device_id', 'ip'],
        source=('lender', 'sessions'),
    ) }} as versions
)

select * from final
