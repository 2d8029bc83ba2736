{{ config(materialized='view') }}

with held as (

    select * from {{ source('provender_log', 'training_run_log') }}

),

runs as (

    select * from {{ source('provender_log', 'run_log') }}

),

final as (

    select
        held.training_set,
        held.invocation_id,
        held.view,
        held.version,
        cast(sum(held.row_count) as bigint) as row_count,
        {%- for status in ['ok', 'stale', 'missing', 'not_computed', 'expired', 'backfilled'] %}
        coalesce(sum(held.row_count) filter (where held.status = '{{ status }}'), 0)
        / sum(held.row_count) as share_{{ status }},
        {%- endfor %}
        min(held.run_as_of) as first_run,
        max(held.run_as_of) as last_run,
        string_agg(distinct runs.fingerprint, ', ' order by runs.fingerprint) as fingerprints
    from held
    left join runs
        on
            held.view = runs.view
            and held.version = runs.version
            and held.run_as_of = runs.as_of
    group by held.training_set, held.invocation_id, held.view, held.version

)

select * from final
