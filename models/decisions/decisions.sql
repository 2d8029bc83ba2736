{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook='{{ provender._forget_decisions() }}'
) }}

with decision_log as (

    select * from {{ source('provender_log', 'decision_log') }}

),

landed as (

    select *
    from decision_log
    {%- if is_incremental() %}
    -- clocks need not be of one mind about the time: a day of overlap, and no more than until now
    where landed_at > (
        select least(coalesce(max(landed_at), timestamp '0001-01-01'), {{ provender.as_of() }}) - interval '1 day' from {{ this }}
    )
    {%- endif %}

),

final as (

    select
        decision_id,
        service,
        model_version,
        decided_at,
        read_at,
        read_us,
        waited_for,
        keys,
        request,
        decision,
        outside,
        views,
        namespace,
        writer,
        number,
        stream_id,
        landed_at
    from landed
    {%- if is_incremental() %}
    where not exists (select 1 from {{ this }} as known where known.decision_id = landed.decision_id)
    {%- endif %}
    -- landed twice is decided once
    qualify row_number() over (
        partition by decision_id
        order by landed_at, stream_id
    ) = 1

)

select * from final
