{% set sources = {
    'customer_events': 'event_id',
    'account_events': 'event_id',
    'sessions': 'session_id',
    'card_payments': 'payment_id',
    'loan_payments': 'loan_payment_id',
    'loan_applications': 'application_id',
    'loan_outcomes': 'application_id',
} %}

with deliveries as (
    {% for table, event_id in sources.items() %}
    select
        '{{ table }}' as source_table,
        cast({{ event_id }} as varchar) as event_id,
        quarantine_reason as reason,
        raw_time,
        raw_zone,
        raw_row,
        loaded_at
    from {{ ref('base_lender__' ~ table) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select *
    from deliveries
    where reason is not null
)

select * from final
