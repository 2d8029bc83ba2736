with placed as (
    select *
    from {{ ref('base_lender__loan_applications') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['application_id'],
        columns=['customer_id', 'device_id', 'ip', 'amount'],
        source=('lender', 'loan_applications'),
    ) }} as versions
)

select * from final
