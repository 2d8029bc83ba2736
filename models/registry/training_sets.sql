{{ config(materialized='view') }}

with training_log as (

    select * from {{ source('provender_log', 'training_log') }}

),

final as (

    select
        training_set,
        built_at,
        as_of,
        pushes_landed_until,
        decisions_landed_until,
        row_count,
        fingerprint,
        spine_fingerprint,
        spine_hash,
        content_hash,
        options,
        '{as_of: "' || as_of || '", rehearsal: true'
        || coalesce(', landed_until: "' || pushes_landed_until || '"', '') || '}' as rebuild_vars,
        invocation_id,
        git_commit
    from training_log

)

select * from final
