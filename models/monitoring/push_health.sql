with states as (

    {{ provender._view_states() }}

),

attempts as (

    select
        *,
        case when outcome in ('refused', 'failed') then 0.0 else 1.0 end as is_good,
        ended_at > {{ provender.as_of() }} - {{ provender.duration('24h') }} as is_of_today
    from {{ provender._own_attempts() }} as attempts
    where outcome <> 'retired'

),

pushes as (

    select
        pushes.view,
        pushes.version,
        pushes.readable_at,
        {{ provender._seconds_between('runs.ended_at', 'pushes.readable_at') }} as lag_seconds
    from {{ provender._own_pushes() }} as pushes
    left join {{ source('provender_log', 'run_log') }} as runs
        on
            pushes.view = runs.view
            and pushes.version = runs.version
            and pushes.run_as_of = runs.as_of

),

pushed as (

    select
        view,
        version,
        max(readable_at) as last_pushed_at
    from pushes
    group by view, version

),

lags as (

    select
        view,
        version,
        count(*) as pushes_in_window,
        percentile_cont(0.5) within group (order by lag_seconds) as push_lag_p50_seconds,
        max(lag_seconds) as push_lag_max_seconds
    from pushes
    where {{ provender._in_health_window('readable_at') }}
    group by view, version

),

rates as (

    select
        view,
        version,
        count(case when is_of_today then 1 end) as attempts_24h,
        avg(case when is_of_today then is_good end) as success_rate_24h,
        count(*) as attempts_7d,
        avg(is_good) as success_rate_7d
    from attempts
    where ended_at > {{ provender.as_of() }} - {{ provender.duration('7d') }}
    group by view, version

),

last_attempts as (

    {{ provender._last_of('attempts', 'ended_at', 'true') }}

),

last_failures as (

    {{ provender._last_of('attempts', 'ended_at', "outcome in ('refused', 'failed')") }}

),

-- the failures after the last attempt that did not fail
failing as (

    select
        failures.view,
        failures.version,
        min(failures.started_at) as since,
        count(*) as failed_attempts
    from attempts as failures
    where
        failures.outcome in ('refused', 'failed')
        and not exists (
            select 1 from attempts as later
            where
                later.view = failures.view
                and later.version = failures.version
                and later.outcome not in ('refused', 'failed')
                and later.ended_at >= failures.ended_at
        )
        -- one that landed from elsewhere made it good, too
        and not exists (
            select 1 from pushed
            where
                pushed.view = failures.view
                and pushed.version = failures.version
                and pushed.last_pushed_at > failures.ended_at
        )
    group by failures.view, failures.version

),

judged as (

    select
        states.*,
        pushed.last_pushed_at,
        last_attempts.ended_at as last_attempt_at,
        last_attempts.outcome as last_outcome,
        last_failures.ended_at as last_failure_at,
        last_failures.message as last_failure,
        coalesce(rates.attempts_24h, 0) as attempts_24h,
        rates.success_rate_24h,
        coalesce(rates.attempts_7d, 0) as attempts_7d,
        rates.success_rate_7d,
        coalesce(lags.pushes_in_window, 0) as pushes_in_window,
        lags.push_lag_p50_seconds,
        lags.push_lag_max_seconds,
        failing.since as push_failing_since,
        failing.failed_attempts,
        coalesce(
            states.is_meant_online
            and {{ provender._seconds_between('states.first_unpushed_run', provender.as_of()) }}
            > states.freshness_sla_seconds + {{ provender._grace_seconds() }},
            false
        ) as never_came
    from states
    left join pushed on states.view = pushed.view and states.version = pushed.version
    left join last_attempts on states.view = last_attempts.view and states.version = last_attempts.version
    left join last_failures on states.view = last_failures.view and states.version = last_failures.version
    left join rates on states.view = rates.view and states.version = rates.version
    left join lags on states.view = lags.view and states.version = lags.version
    left join failing on states.view = failing.view and states.version = failing.version

),

final as (

    select
        view,
        version,
        last_run,
        online_run,
        last_pushed_at,
        last_attempt_at,
        last_outcome,
        last_failure_at,
        last_failure,
        attempts_24h,
        success_rate_24h,
        attempts_7d,
        success_rate_7d,
        pushes_in_window,
        push_lag_p50_seconds,
        push_lag_max_seconds,
        lag_seconds as declared_lag_seconds,
        is_retired,
        owner,
        case
            when is_retired then null
            when push_failing_since is not null
                then
                    'Its last '
                    || case
                        when failed_attempts = 1 then 'push was '
                        else failed_attempts || ' pushes were '
                    end
                    || case when last_outcome = 'refused' then 'refused: ' else 'not done: ' end
                    || last_failure
            when never_came
                then
                    'The run of ' || {{ provender._said_at('first_unpushed_run') }} || ' was never pushed'
                    || case
                        when online_run is null then ', nor any other; ' || services || ' cannot read it.'
                        else '; readers get that of ' || {{ provender._said_at('online_run') }} || '.'
                    end
        end as finding,
        case
            when is_retired then null
            when push_failing_since is not null then push_failing_since
            when never_came then first_unpushed_ended_at
        end as since,
        case
            when is_retired then null
            when push_failing_since is not null
                then
                    'Mend what the message names, then run `push-online --select '
                    || view || '@' || version || '`.'
            when never_came
                then
                    'Run `push-online --select ' || view || '@' || version
                    || '`, and see why the schedule does not;'
                    || ' where it pushes into another namespace, set `vars: provender: namespace`.'
        end as what_to_do
    from judged

)

select * from final
