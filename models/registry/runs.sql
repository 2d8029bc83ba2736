{{ config(materialized='view') }}

with final as (

    select
        view,
        version,
        history,
        fingerprint,
        as_of,
        ended_at,
        row_count,
        columns,
        invocation_id,
        git_commit
    from {{ source('provender_log', 'run_log') }}

)

select * from final
