with decision_log as (

    select * from {{ source('provender_log', 'decision_log') }}

),

final as (

    select
        decision_id,
        service,
        model_version,
        decided_at,
        read_at,
        keys,
        request,
        decision,
        features,
        landed_at
    from decision_log
    -- landed twice is decided once
    qualify row_number() over (
        partition by decision_id
        order by landed_at, stream_id
    ) = 1

)

select * from final
