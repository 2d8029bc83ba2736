{{ config(materialized='view') }}

with runs as (

    select * from {{ source('provender_log', 'run_log') }}

),

cuts as (

    select
        view,
        version,
        max(kept_from) as kept_from
    from {{ source('provender_log', 'cut_log') }}
    group by view, version

),

pushes as (

    select
        *,
        min(readable_at) over (partition by view, version) as first_pushed_at
    from {{ source('provender_log', 'push_log') }}
    -- of this store: a push into another namespace made nothing readable here
    where
        project = '{{ project_name }}'
        and target = '{{ target.name }}'
        and namespace = '{{ provender._namespace() }}'

),

first_pushes as (

    select distinct
        view,
        version,
        first_pushed_at
    from pushes

),

-- a view that was ever pushed is what the last push made of it; one never pushed counts from its runs' ends
becoming as (

    select
        view,
        version,
        run_as_of as as_of,
        'push' as counted_by,
        readable_at as available_from,
        cast(split_part(stream_id, '-', 1) as bigint) as pushed_ms,
        cast(split_part(stream_id, '-', 2) as bigint) as pushed_number
    from pushes

    union all

    select
        view,
        version,
        as_of,
        'run' as counted_by,
        ended_at as available_from,
        0 as pushed_ms,
        0 as pushed_number
    from runs

),

intervals as (

    select
        *,
        lead(available_from) over (
            partition by view, version, counted_by
            order by available_from, pushed_ms, pushed_number, as_of
        ) as available_until
    from becoming

),

final as (

    select
        intervals.view,
        intervals.version,
        intervals.as_of,
        runs.columns,
        runs.fingerprint,
        intervals.counted_by,
        intervals.available_from,
        intervals.available_until,
        first_pushes.first_pushed_at
    from intervals
    left join cuts
        on
            intervals.view = cuts.view
            and intervals.version = cuts.version
    left join runs
        on
            intervals.view = runs.view
            and intervals.version = runs.version
            and intervals.as_of = runs.as_of
            and (cuts.kept_from is null or cuts.kept_from <= runs.as_of)
    left join first_pushes
        on
            intervals.view = first_pushes.view
            and intervals.version = first_pushes.version
    -- of two at the same moment, the last
    where intervals.available_until is null or intervals.available_until > intervals.available_from

)

select * from final
