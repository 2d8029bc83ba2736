with placed as (
    select *
    from {{ ref('base_lender__account_events') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['event_id'],
        columns=['account_id', 'customer_id', 'kind', 'event'],
        source=('lender', 'account_events'),
    ) }} as versions
)

select * from final
