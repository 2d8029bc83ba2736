with services as (

    {{ provender._feature_service_rows() }}

),

reads as (

    select
        decisions.service,
        decisions.decided_at,
        decisions.read_us / 1000.0 as read_ms,
        decisions.read_us / 1000.0 > services.latency_budget_ms as is_slow,
        coalesce(decisions.waited_for, 'the answer') as waited_for
    from {{ ref('decisions') }} as decisions
    inner join services
        on decisions.service = services.service
    where
        decisions.read_us is not null
        and {{ provender._in_health_window('decisions.decided_at') }}

),

placed as (

    {{ provender._by_period('reads', 'decided_at') }}

),

figures as (

    select
        service,
        period,
        starts_at,
        count(*) as reads,
        count(case when is_slow then 1 end) as slow_reads,
        percentile_cont(0.5) within group (order by read_ms) as p50_ms,
        percentile_cont(0.99) within group (order by read_ms) as p99_ms,
        max(read_ms) as max_ms
    from placed
    group by service, period, starts_at

),

causes as (

    select
        service,
        period,
        starts_at,
        waited_for,
        count(*) as slow_reads
    from placed
    where is_slow
    group by service, period, starts_at, waited_for

),

told_causes as (

    select
        service,
        period,
        starts_at,
        string_agg(
            waited_for || ' ' || slow_reads, ', ' order by slow_reads desc, waited_for asc
        ) as slow_waited_for
    from causes
    group by service, period, starts_at

),

slow_since as (

    {{ provender._spells('reads', ['service'], 'decided_at', 'is_slow', 0.01) }}

),

periods as (

    {{ provender._fixed_periods() }}

),

grid as (

    select
        services.service,
        periods.period,
        periods.starts_at
    from services
    cross join periods

    union all

    select
        service,
        period,
        starts_at
    from figures
    where period = 'day'

),

judged as (

    select
        services.service,
        grid.period,
        grid.starts_at,
        services.latency_budget_ms,
        coalesce(figures.reads, 0) as reads,
        coalesce(figures.slow_reads, 0) as slow_reads,
        figures.p50_ms,
        figures.p99_ms,
        figures.max_ms,
        told_causes.slow_waited_for,
        services.owner,
        slow_since.since as slow_since,
        coalesce(
            grid.period = 'last 24 hours'
            and {{ provender._too_many('figures.slow_reads', 'figures.reads') }},
            false
        ) as is_above
    from grid
    inner join services on grid.service = services.service
    left join figures
        on
            grid.service = figures.service
            and grid.period = figures.period
            and grid.starts_at = figures.starts_at
    left join told_causes
        on
            grid.service = told_causes.service
            and grid.period = told_causes.period
            and grid.starts_at = told_causes.starts_at
    left join slow_since on services.service = slow_since.service

),

final as (

    select
        service,
        period,
        starts_at,
        latency_budget_ms,
        reads,
        slow_reads,
        p50_ms,
        p99_ms,
        max_ms,
        slow_waited_for,
        owner,
        case
            when is_above
                then
                    'Of its ' || reads || ' reads in the last 24 hours ' || slow_reads
                    || ' took longer than the budget of ' || latency_budget_ms || ' ms; p99 is '
                    || round(p99_ms, 1) || ' ms, p50 ' || round(p50_ms, 1)
                    || ' ms. The slow ones waited for: ' || slow_waited_for || '.'
        end as finding,
        case when is_above then slow_since end as since,
        case
            when is_above
                then
                    'Look at the load of Redis (SLOWLOG, memory, swapping) and at the network to it;'
                    || ' a `RowCache` serves meanwhile; raise latency_budget if the service has the time.'
        end as what_to_do
    from judged

)

select * from final
