-- depends_on: {{ ref('raw_card_payments') }}
{% set whole_time = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?' %}

with raw as (
    select *
    from {{ source('lender', 'card_payments') }}
),

deliveries as (
    select
        *,
        cast(to_json(raw) as varchar) as raw_row,
        -- a date alone or a word like 'epoch' would cast to some time: only a whole one is read
        case when paid_at_local ~ '{{ whole_time }}$' then paid_at_local end as time_text,
        zone as time_zone,
        case
            when loaded_at ~ '{{ whole_time }}Z$' then replace(loaded_at, 'Z', '')
        end as loaded_text
    from raw
),

placed as (
    select
        *,
        {{ provender.to_utc('time_text', 'time_zone') }} as utc,
        {{ provender.to_utc('loaded_text', "'UTC'") }} as loaded_utc
    from deliveries
),

final as (
    select
        payment_id,
        customer_id,
        account_id,
        merchant_id,
        category,
        amount,
        device_id,
        ip,
        status,
        raw_row,
        paid_at_local as raw_time,
        zone as raw_zone,
        utc as occurred_at,
        loaded_utc as loaded_at,
        case
            when payment_id is null then 'missing event id'
            when loaded_utc is null then 'unreadable load stamp'
            when utc is not null then null
            when time_zone is null then 'missing zone'
            when {{ provender.to_utc('time_text', "'UTC'") }} is null then 'unreadable time'
            when {{ provender.to_utc("'2026-01-15T12:00:00'", 'time_zone') }} is null
                then 'unknown zone'
            else 'shown twice or skipped by a clock change'
        end as quarantine_reason
    from placed
)

select * from final
