with states as (

    {{ provender._view_states() }}

),

late_sources as (

    select
        fed.view,
        fed.version,
        string_agg(fed.source, ', ' order by fed.source) as late_sources
    from ({{ provender._fed_view_rows() }}) as fed
    inner join {{ ref('source_lag') }} as source_lag
        on fed.source = source_lag.source
    where source_lag.finding is not null
    group by fed.view, fed.version

),

aged as (

    select
        *,
        -- a view that nobody pushes counts from its runs
        coalesce(online_run, last_run) as readable_run,
        {{ provender._seconds_between('coalesce(online_run, last_run)', provender.as_of()) }} as age_seconds,
        freshness_sla_seconds + {{ provender._grace_seconds() }} as limit_seconds
    from states

),

judged as (

    select
        *,
        coalesce(not is_retired and age_seconds > limit_seconds, false) as is_late,
        coalesce(not is_retired and age_seconds > ttl_seconds, false) as is_expired,
        coalesce(
            is_pushable
            and last_run > online_run
            and {{ provender._seconds_between('last_run', provender.as_of()) }} <= limit_seconds,
            false
        ) as push_would_do
    from aged

),

placed as (

    select
        judged.*,
        late_sources.late_sources,
        case
            when judged.last_run is null and judged.failing_since is not null then 'build'
            when judged.is_late and judged.push_would_do then 'push'
            when judged.is_late then 'build'
            when not judged.is_retired and late_sources.late_sources is not null then 'source'
        end as behind
    from judged
    left join late_sources
        on
            judged.view = late_sources.view
            and judged.version = late_sources.version

),

final as (

    select
        view,
        version,
        {{ provender.as_of() }} as checked_at,
        freshness_sla_seconds,
        ttl_seconds,
        last_run,
        last_build,
        last_build_status,
        online_run,
        online_since,
        age_seconds,
        is_late,
        is_expired,
        is_retired,
        behind,
        late_sources,
        services,
        owner,
        case
            when last_run is null and failing_since is not null
                then
                    'It was never built: its build fails'
                    || coalesce(' (' || last_build_message || ')', '') || '.'
            when is_late
                then
                    case when online_run is null then 'Its last run is of ' else 'Readers get the run of ' end
                    || {{ provender._said_at('readable_run') }} || ', '
                    || {{ provender._said_seconds('age_seconds') }} || ' old; the SLA is '
                    || {{ provender._said_seconds('freshness_sla_seconds') }}
                    || case when is_expired then ', and it is past its ttl' else '' end || '. '
                    || case
                        when behind = 'push'
                            then 'The run of ' || {{ provender._said_at('last_run') }} || ' is not online.'
                        when failing_since is not null
                            then
                                'Its builds fail since ' || {{ provender._said_at('failing_since') }}
                                || coalesce(' (' || last_build_message || ')', '') || '.'
                        else 'No build has computed it since ' || {{ provender._said_at('last_run') }} || '.'
                    end
        end as finding,
        case
            when last_run is null then failing_since
            when is_late then readable_run + {{ provender._interval('limit_seconds', 'second') }}
        end as since,
        case
            when behind = 'push'
                then
                    'Run `push-online --select ' || view || '@' || version
                    || '`, and see why the schedule does not.'
            when behind = 'build' and failing_since is not null
                then
                    'Mend what the message names, then run `dbt build --select +' || view
                    || '+` and `push-online`.'
            when behind = 'build' and services is null and online_run is not null
                then
                    'Run `dbt build` for its tag, then `push-online`; no service reads it: `provender retire '
                    || view || '@' || version || '` takes it offline.'
            when behind = 'build' then 'See why its schedule does not run `dbt build`; then `push-online`.'
        end as what_to_do
    from placed

)

select * from final
