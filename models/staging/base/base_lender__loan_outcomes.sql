-- depends_on: {{ ref('raw_loan_outcomes') }}
{% set whole_time = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?' %}

with raw as (
    select *
    from {{ source('lender', 'loan_outcomes') }}
),

deliveries as (
    select
        *,
        cast(to_json(raw) as varchar) as raw_row,
        -- a time without its Z could be anybody's, and a date alone or a word like 'epoch' would
        -- cast to some time: only a whole UTC time is read
        case
            when occurred_at ~ '{{ whole_time }}Z$' then replace(occurred_at, 'Z', '')
        end as time_text,
        case
            when loaded_at ~ '{{ whole_time }}Z$' then replace(loaded_at, 'Z', '')
        end as loaded_text
    from raw
),

placed as (
    select
        *,
        {{ provender.to_utc('time_text', "'UTC'") }} as utc,
        {{ provender.to_utc('loaded_text', "'UTC'") }} as loaded_utc
    from deliveries
),

final as (
    select
        application_id,
        outcome,
        raw_row,
        occurred_at as raw_time,
        cast(null as varchar) as raw_zone,
        utc as occurred_at,
        loaded_utc as loaded_at,
        case
            when application_id is null then 'missing event id'
            when loaded_utc is null then 'unreadable load stamp'
            when utc is not null then null
            when occurred_at ~ '{{ whole_time }}$' then 'missing zone'
            else 'unreadable time'
        end as quarantine_reason
    from placed
)

select * from final
