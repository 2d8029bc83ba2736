with decisions as (

    select * from {{ ref('decisions') }}

),

served as (

    select
        decision_id,
        decided_at,
        {{ provender._json_elements('features') }} as feature
    from decisions

),

final as (

    select
        decision_id,
        decided_at,
        {{ provender._json_text('feature', 'name') }} as name,
        {{ provender._json_text('feature', 'feature') }} as feature,
        {{ provender._json_text('feature', 'view') }} as view,
        cast({{ provender._json_text('feature', 'version') }} as integer) as version,
        {{ provender._json_text('feature', 'fingerprint') }} as fingerprint,
        cast({{ provender._json_text('feature', 'generation') }} as bigint) as generation,
        cast(replace({{ provender._json_text('feature', 'as_of') }}, 'Z', '') as timestamp) as as_of,
        cast({{ provender._json_text('feature', 'age_us') }} as bigint) / 1000000.0 as age_seconds,
        {{ provender._json_text('feature', 'status') }} as status,
        cast({{ provender._json_text('feature', 'is_default') }} as boolean) as is_default,
        {{ provender._json_text('feature', 'data_type') }} as data_type,
        {{ provender._json_member('feature', 'value') }} as value
    from served

)

select * from final
