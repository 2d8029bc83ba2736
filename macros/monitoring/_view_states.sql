{#- One row per view version that is declared: what was built of it, what is online, and who reads it, as known at the run's as_of. -#}
{% macro _view_states() -%}
    select
        declared.view,
        declared.version,
        declared.owner,
        declared.freshness_sla_seconds,
        declared.ttl_seconds,
        declared.lag_seconds,
        readers.services,
        last_runs.as_of as last_run,
        last_runs.ended_at as last_run_ended_at,
        last_builds.as_of as last_build,
        last_builds.status as last_build_status,
        last_builds.message as last_build_message,
        failing.since as failing_since,
        online.as_of as online_run,
        online.available_from as online_since,
        unpushed.as_of as first_unpushed_run,
        unpushed.ended_at as first_unpushed_ended_at,
        coalesce(last_attempts.outcome = 'retired', false) as is_retired,
        -- what nobody pushed and no service reads is meant for training alone
        coalesce(last_attempts.outcome, '') <> 'retired'
        and (online.as_of is not null or readers.services is not null) as is_meant_online,
        coalesce(last_builds.status = 'success' and last_builds.as_of >= last_runs.as_of, false) as is_pushable
    from ({{ provender._feature_view_rows() }}) as declared
    left join ({{ provender._services_by_view() }}) as readers
        on declared.view = readers.view and declared.version = readers.version
    left join ({{ provender._last_of(source('provender_log', 'run_log'), 'as_of', 'as_of <= ' ~ provender.as_of()) }}) as last_runs
        on declared.view = last_runs.view and declared.version = last_runs.version
    left join ({{ provender._last_of(source('provender_log', 'build_log'), 'finished_at', 'as_of <= ' ~ provender.as_of()) }}) as last_builds
        on declared.view = last_builds.view and declared.version = last_builds.version
    left join ({{ provender._failing_builds() }}) as failing
        on declared.view = failing.view and declared.version = failing.version
    left join ({{ provender._online_runs() }}) as online
        on declared.view = online.view and declared.version = online.version
    left join ({{ provender._unpushed_runs() }}) as unpushed
        on declared.view = unpushed.view and declared.version = unpushed.version
    left join ({{ provender._last_of(provender._own_attempts(), 'ended_at', 'ended_at <= ' ~ provender.as_of()) }}) as last_attempts
        on declared.view = last_attempts.view and declared.version = last_attempts.version
{%- endmacro %}


{% macro _services_by_view() -%}
    select view, version, string_agg(service, ', ' order by service) as services
    from ({{ provender._service_view_rows() }}) as reads
    group by view, version
{%- endmacro %}


{#- The last row of each view version. -#}
{% macro _last_of(relation, column, where) -%}
    select *
    from (
        select *, row_number() over (partition by view, version order by {{ column }} desc, invocation_id desc) as place
        from {{ relation }}
        where {{ where }}
    ) as numbered
    where place = 1
{%- endmacro %}


{#- Since when each view version's builds have failed, of those whose last one did. -#}
{% macro _failing_builds() -%}
    select view, version, min(as_of) as since
    from (
        select *, max(case when status = 'success' then finished_at end) over (partition by view, version) as last_success
        from {{ source('provender_log', 'build_log') }}
        where as_of <= {{ provender.as_of() }}
    ) as builds
    where status = 'failed' and (last_success is null or finished_at > last_success)
    group by view, version
{%- endmacro %}


{#- The run that readers get: after a rollback the older one. -#}
{% macro _online_runs() -%}
    select view, version, as_of, available_from
    from {{ ref('provender', 'run_availability') }}
    where
        counted_by = 'push'
        and available_from <= {{ provender.as_of() }}
        and (available_until is null or available_until > {{ provender.as_of() }})
{%- endmacro %}


{#- The first good run after the one online that was never pushed: a run that was pushed and rolled back is not one. -#}
{% macro _unpushed_runs() -%}
    select runs.view, runs.version, min(runs.as_of) as as_of, min(runs.ended_at) as ended_at
    from {{ source('provender_log', 'run_log') }} as runs
    left join ({{ provender._online_runs() }}) as online
        on runs.view = online.view and runs.version = online.version
    where
        runs.as_of <= {{ provender.as_of() }}
        and (online.as_of is null or runs.as_of > online.as_of)
        and exists (
            select 1 from {{ source('provender_log', 'build_log') }} as builds
            where builds.view = runs.view and builds.version = runs.version and builds.as_of = runs.as_of and builds.status = 'success'
        )
        and not exists (
            select 1 from {{ provender._own_pushes() }} as pushes
            where pushes.view = runs.view and pushes.version = runs.version and pushes.run_as_of = runs.as_of
        )
    group by runs.view, runs.version
{%- endmacro %}


{#- Of this store: a push into another namespace made nothing readable here. -#}
{% macro _own_pushes() -%}
    (
        select * from {{ source('provender_log', 'push_log') }}
        where
            project = '{{ project_name }}' and target = '{{ target.name }}' and namespace = '{{ provender._namespace() }}'
            and readable_at <= {{ provender.as_of() }}
    )
{%- endmacro %}


{#- The same of attempts. -#}
{% macro _own_attempts() -%}
    (
        select *, attempt_id as invocation_id from {{ source('provender_log', 'push_attempts') }}
        where
            project = '{{ project_name }}' and target = '{{ target.name }}' and namespace = '{{ provender._namespace() }}'
            and ended_at <= {{ provender.as_of() }}
    )
{%- endmacro %}
