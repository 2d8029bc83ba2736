with placed as (
    select *
    from {{ ref('base_lender__loan_outcomes') }}
    where quarantine_reason is null
),

final as (
    select *
    from {{ provender.event_versions(
        'placed',
        event_id=['application_id'],
        columns=['outcome'],
        source=('lender', 'loan_outcomes'),
    ) }} as versions
)

select * from final
