with service_views as (

    {{ provender._service_view_rows() }}

),

reads as (

    select
        served.service,
        served.view,
        served.version,
        served.decided_at,
        served.status,
        served.status in ('expired', 'unavailable') as is_bad,
        -- a key that is not in the view was answered, and says nothing of how fresh the view is
        served.status in ('ok', 'stale', 'expired', 'unavailable') as is_counted
    from {{ ref('decision_views') }} as served
    inner join service_views
        on
            served.service = service_views.service
            and served.view = service_views.view
            and served.version = service_views.version
    where {{ provender._in_health_window('served.decided_at') }}

),

counted as (

    select *
    from reads
    where is_counted

),

placed as (

    {{ provender._by_period('reads', 'decided_at') }}

),

figures as (

    select
        service,
        view,
        version,
        period,
        starts_at,
        count(*) as reads,
        {%- for status in ['ok', 'stale', 'expired', 'unavailable', 'missing', 'not_computed'] %}
        count(case when status = '{{ status }}' then 1 end) as {{ status }},
        {%- endfor %}
        count(case when is_counted then 1 end) as counted,
        count(case when is_bad then 1 end) as bad
    from placed
    group by service, view, version, period, starts_at

),

bad_since as (

    {{ provender._spells('counted', ['service', 'view', 'version'], 'decided_at', 'is_bad', 0.01) }}

),

periods as (

    {{ provender._fixed_periods() }}

),

grid as (

    select
        service_views.service,
        service_views.view,
        service_views.version,
        periods.period,
        periods.starts_at
    from service_views
    cross join periods

    union all

    select
        service,
        view,
        version,
        period,
        starts_at
    from figures
    where period = 'day'

),

judged as (

    select
        grid.service,
        grid.view,
        grid.version,
        grid.period,
        grid.starts_at,
        coalesce(figures.reads, 0) as reads,
        {%- for status in ['ok', 'stale', 'expired', 'unavailable', 'missing', 'not_computed'] %}
        coalesce(figures.{{ status }}, 0) as {{ status }}_reads,
        {%- endfor %}
        (figures.ok + figures.stale) / cast(nullif(figures.counted, 0) as double) as availability,
        figures.ok / cast(nullif(figures.counted, 0) as double) as sla_compliance,
        service_views.owner,
        bad_since.since as bad_since,
        coalesce(
            grid.period = 'last 24 hours' and {{ provender._too_many('figures.bad', 'figures.counted') }},
            false
        ) as is_below
    from grid
    inner join service_views
        on
            grid.service = service_views.service
            and grid.view = service_views.view
            and grid.version = service_views.version
    left join figures
        on
            grid.service = figures.service
            and grid.view = figures.view
            and grid.version = figures.version
            and grid.period = figures.period
            and grid.starts_at = figures.starts_at
    left join bad_since
        on
            grid.service = bad_since.service
            and grid.view = bad_since.view
            and grid.version = bad_since.version

),

final as (

    select
        service,
        view,
        version,
        period,
        starts_at,
        reads,
        ok_reads,
        stale_reads,
        expired_reads,
        unavailable_reads,
        missing_reads,
        not_computed_reads,
        availability,
        sla_compliance,
        owner,
        case
            when is_below
                then
                    'Of the reads by ' || service || ' in the last 24 hours '
                    || {{ provender._said_share('availability') }} || ' were within ttl: ' || expired_reads
                    || ' expired, ' || unavailable_reads || ' unavailable, of ' || reads || '.'
        end as finding,
        case when is_below then bad_since end as since,
        case
            when not is_below then null
            when expired_reads >= unavailable_reads
                then 'No run was online within ttl: see `freshness` and `push_health` of the view.'
            else
                'Redis did not answer in time: is it up, who restarted it?'
                || ' See `read_latency` of the service.'
        end as what_to_do
    from judged

)

select * from final
