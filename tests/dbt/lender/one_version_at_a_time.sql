-- At every moment at most one version of an event is known, without a gap after its first delivery.
{% set tables = {
    'customer_events': 'event_id',
    'account_events': 'event_id',
    'sessions': 'session_id',
    'card_payments': 'payment_id',
    'loan_payments': 'loan_payment_id',
    'loan_applications': 'application_id',
    'loan_outcomes': 'application_id',
} %}

with versions as (
    {% for table, event_id in tables.items() %}
    select
        '{{ table }}' as source_table,
        {{ event_id }} as event_id,
        known_from,
        known_until
    from {{ ref('stg_lender__' ~ table) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

in_order as (
    select
        *,
        lead(known_from) over (
            partition by source_table, event_id
            -- of two versions known at one instant, the one that lasts is the later
            order by known_from, known_until nulls last
        ) as next_known_from
    from versions
)

select *
from in_order
where known_until is distinct from next_known_from
