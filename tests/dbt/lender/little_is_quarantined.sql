-- A few rows that nobody can place are life; more than one in twenty is a broken clock at a source.
{{ config(severity='warn') }}

{% set tables = [
    'customer_events', 'account_events', 'sessions', 'card_payments',
    'loan_payments', 'loan_applications', 'loan_outcomes',
] %}

with delivered as (
    {% for table in tables %}
    select '{{ table }}' as source_table, count(*) as rows_delivered
    from {{ source('lender', table) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

quarantined as (
    select
        source_table,
        count(*) as rows_quarantined
    from {{ ref('stg_lender__quarantine') }}
    group by source_table
)

select
    delivered.source_table,
    delivered.rows_delivered,
    quarantined.rows_quarantined
from delivered
inner join quarantined on delivered.source_table = quarantined.source_table
where quarantined.rows_quarantined > 0.05 * delivered.rows_delivered
