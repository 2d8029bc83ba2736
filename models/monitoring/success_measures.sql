with features as (

    select
        service,
        decided_at,
        {{ provender._list_size('features') }} as part,
        {{ provender._list_size('features') }} as whole
    from {{ ref('decision_views') }}
    where {{ provender._in_health_window('decided_at') }}

    union all

    select
        service,
        decided_at,
        0 as part,
        {{ provender._json_size('outside') }} as whole
    from {{ ref('decisions') }}
    where {{ provender._in_health_window('decided_at') }}

),

placed_features as (

    {{ provender._by_period('features', 'decided_at') }}

),

counted as (

    select
        'features from the store' as measure,
        service,
        period,
        starts_at,
        part,
        whole
    from placed_features

    union all

    select
        'reads within the SLA' as measure,
        service,
        period,
        starts_at,
        ok_reads as part,
        ok_reads + stale_reads + expired_reads + unavailable_reads as whole
    from {{ ref('read_availability') }}

),

pipelines as (

    {{ provender._replaced_pipeline_rows() }}

),

measured as (

    select
        measure,
        service,
        period,
        starts_at,
        sum(part) as part,
        sum(whole) as whole
    from counted
    group by measure, service, period, starts_at

    union all

    select
        measure,
        null as service,
        period,
        starts_at,
        sum(part) as part,
        sum(whole) as whole
    from counted
    group by measure, period, starts_at

    union all

    select
        'duplicate pipelines gone' as measure,
        null as service,
        'to date' as period,
        null as starts_at,
        count(case when gone_on <= {{ provender.as_of() }} then 1 end) as part,
        count(*) as whole
    from pipelines

),

final as (

    select
        measure,
        service,
        period,
        starts_at,
        cast(part as bigint) as part,
        cast(whole as bigint) as whole,
        part / cast(nullif(whole, 0) as double) as share
    from measured

)

select * from final
