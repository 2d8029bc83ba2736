-- Every row a loader delivered is either placed or quarantined, never both and never neither.
-- Placed: the version of its event in force when the row became known has the row's content.
-- Quarantined: as often as it was delivered.
{% set tables = {
    'customer_events': ('event_id', ['customer_id', 'event'], 'occurred_at'),
    'account_events': ('event_id', ['account_id', 'customer_id', 'kind', 'event'], 'occurred_at'),
    'sessions': ('session_id', ['customer_id', 'device_id', 'ip'], 'started_at_local'),
    'card_payments': (
        'payment_id',
        [
            'customer_id', 'account_id', 'merchant_id', 'category', 'amount',
            'device_id', 'ip', 'status',
        ],
        'paid_at_local',
    ),
    'loan_payments': (
        'loan_payment_id', ['customer_id', 'application_id', 'due_on', 'amount'], 'paid_at',
    ),
    'loan_applications': (
        'application_id', ['customer_id', 'device_id', 'ip', 'amount'], 'applied_at',
    ),
    'loan_outcomes': ('application_id', ['outcome'], 'occurred_at'),
} %}

with deliveries as (
    {% for table, (id, content, time) in tables.items() %}
    {% set zone = 'raw.zone' if time.endswith('_local') else "'UTC'" %}
    {% set local = 'raw.' ~ time if time.endswith('_local') else "replace(raw." ~ time ~ ", 'Z', '')" %}
    {% set known_from = 'cast(raw.loaded_at as timestamp) + ' ~ provender.settle(('lender', table)) %}
    select
        '{{ table }}' as source_table,
        cast(to_json(raw) as varchar) as raw_row,
        exists(
            select 1
            from {{ ref('stg_lender__' ~ table) }} as version
            where
                version.{{ id }} = raw.{{ id }}
                {% for column in content %}
                and version.{{ column }} is not distinct from raw.{{ column }}
                {% endfor %}
                and version.occurred_at = {{ provender.to_utc(local, zone) }}
                and version.known_from <= {{ known_from }}
                and (version.known_until is null or version.known_until >= {{ known_from }})
        ) as is_placed
    from {{ source('lender', table) }} as raw
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

delivered as (
    select
        source_table,
        raw_row,
        is_placed,
        count(*) as times_delivered
    from deliveries
    group by source_table, raw_row, is_placed
),

quarantined as (
    select
        source_table,
        raw_row,
        count(*) as times_quarantined
    from {{ ref('stg_lender__quarantine') }}
    group by source_table, raw_row
)

select
    coalesce(delivered.source_table, quarantined.source_table) as source_table,
    coalesce(delivered.raw_row, quarantined.raw_row) as raw_row,
    delivered.is_placed,
    delivered.times_delivered,
    quarantined.times_quarantined
from delivered
full join quarantined
    on
        delivered.source_table = quarantined.source_table
        and delivered.raw_row = quarantined.raw_row
where
    coalesce(quarantined.times_quarantined, 0)
    != case when delivered.is_placed then 0 else coalesce(delivered.times_delivered, 0) end
