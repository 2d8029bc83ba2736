{{ config(materialized='view') }}

with runs as (

    select * from {{ source('provender_log', 'run_log') }}

),

pushes as (

    select * from {{ source('provender_log', 'push_log') }}
    -- of this store: a push into another namespace made nothing readable here
    where
        project = '{{ project_name }}'
        and target = '{{ target.name }}'
        and namespace = '{{ provender._namespace() }}'

),

-- a view that was ever pushed is what the last push made of it; one never pushed counts from its runs' ends
becoming as (

    select
        view,
        version,
        run_as_of as as_of,
        readable_at as available_from,
        stream_id
    from pushes

    union all

    select
        runs.view,
        runs.version,
        runs.as_of,
        runs.ended_at as available_from,
        '' as stream_id
    from runs
    where not exists (
        select 1 from pushes
        where pushes.view = runs.view and pushes.version = runs.version
    )

),

intervals as (

    select
        *,
        lead(available_from) over (
            partition by view, version
            order by available_from, stream_id, as_of
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
        intervals.available_from,
        intervals.available_until
    from intervals
    inner join runs
        on
            intervals.view = runs.view
            and intervals.version = runs.version
            and intervals.as_of = runs.as_of

)

select * from final
