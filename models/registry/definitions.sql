{{ config(materialized='view') }}

with definition_log as (

    select * from {{ source('provender_log', 'definition_log') }}

),

final as (

    select
        fingerprint,
        view,
        version,
        entity,
        keys,
        features,
        policies,
        owner,
        definition_sql,
        recorded_at,
        git_commit
    from definition_log
    where view is not null
    qualify row_number() over (
        partition by fingerprint
        order by recorded_at, invocation_id
    ) = 1

)

select * from final
