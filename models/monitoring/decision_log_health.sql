{{ config(materialized='table', tags=['monitor']) }}
{%- set retention = provender._monitor_setting('decision_log', 'retention') %}
{%- set land_within = provender.duration(provender._monitor_setting('decision_log', 'land_within')) %}

with decision_log as (

    select * from {{ source('provender_log', 'decision_log') }}

),

landed as (

    select * from {{ source('provender_log', 'landed') }}

),

owners as (

    {{ provender._service_owners() }}

),

-- an attempt that landed twice landed
attempts as (

    select
        namespace,
        writer,
        number,
        max(refused) as refused,
        min(service) as service,
        min(decided_at) as decided_at,
        min(landed_at) as landed_at
    from decision_log
    group by namespace, writer, number

),

in_order as (

    select
        *,
        lag(number) over (partition by namespace, writer order by number) as number_before,
        lag(refused) over (partition by namespace, writer order by number) as refused_before,
        lag(decided_at) over (partition by namespace, writer order by number) as decided_before
    from attempts

),

-- how many between an attempt and the one that landed before it were accepted, and have not landed
gaps as (

    select
        *,
        case
            when number_before is not null then number - number_before - 1 - (refused - refused_before)
            {%- if retention %}
            -- what came before may have been removed by retention
            when landed_at < (select min(landed_at) from attempts) + interval '2 days' then 0
            {%- endif %}
            else number - 1 - refused
        end as missing
    from in_order
    -- what is on its way, or waits in a spool, is not lost
    where landed_at <= {{ provender.as_of() }} - {{ provender.duration('10m') }}

),

writers as (

    select
        namespace,
        writer,
        max(service) as service,
        count(*) as decisions,
        max(number) as last_number,
        max(refused) as refused,
        greatest(sum(missing), 0) as lost,
        min(case when missing > 0 then coalesce(decided_before, decided_at) end) as since
    from gaps
    group by namespace, writer

),

repeated as (

    select
        namespace,
        decision_id
    from decision_log
    group by namespace, decision_id
    having min(stream_id) <> max(stream_id)

),

contents as (

    select distinct
        decision_log.namespace,
        decision_log.decision_id,
        decision_log.service,
        decision_log.model_version,
        decision_log.keys,
        decision_log.request,
        decision_log.decision,
        decision_log.outside,
        decision_log.views
    from decision_log
    inner join repeated
        on
            decision_log.namespace = repeated.namespace
            and decision_log.decision_id = repeated.decision_id

),

conflicting as (

    select
        namespace,
        decision_id
    from contents
    group by namespace, decision_id
    having count(*) > 1

),

conflicts as (

    select
        conflicting.namespace,
        count(distinct conflicting.decision_id) as conflicts,
        min(conflicting.decision_id) as example,
        min(decision_log.landed_at) as since
    from conflicting
    inner join decision_log
        on
            conflicting.namespace = decision_log.namespace
            and conflicting.decision_id = decision_log.decision_id
    group by conflicting.namespace

),

marks as (

    select
        namespace,
        max(landed_until) as landed_until
    from landed
    where log = 'decision_log'
    group by namespace

),

logs as (

    select
        marks.namespace,
        marks.landed_until,
        extract(epoch from ({{ provender.as_of() }} - marks.landed_until)) as unlanded_seconds,
        coalesce(conflicts.conflicts, 0) as conflicts,
        conflicts.example,
        conflicts.since as conflict_since,
        marks.landed_until < {{ provender.as_of() }} - {{ land_within }} as is_late
    from marks
    left join conflicts on marks.namespace = conflicts.namespace

),

final as (

    select
        'decision_log of ' || writers.namespace as log,
        writers.namespace,
        writers.writer,
        writers.service,
        writers.decisions,
        writers.last_number,
        writers.refused,
        writers.lost,
        cast(null as bigint) as conflicts,
        cast(null as timestamp) as landed_until,
        cast(null as double) as unlanded_seconds,
        owners.owner,
        case
            when writers.lost > 0
                then
                    writers.lost || ' decisions that writer ' || writers.writer
                    || ' was told were logged have not landed, of '
                    || (writers.decisions + writers.lost) || '.'
        end as finding,
        case when writers.lost > 0 then writers.since end as since,
        case
            when writers.lost > 0
                then
                    'Redis lost them: a flush, an older dump or a failover. Look at its persistence'
                    || ' (appendonly yes, appendfsync), or give the DecisionLog a journal,'
                    || ' which sends them again.'
        end as what_to_do
    from writers
    left join owners on writers.service = owners.service

    union all

    select
        'decision_log of ' || namespace as log,
        namespace,
        cast(null as varchar) as writer,
        cast(null as varchar) as service,
        cast(null as bigint) as decisions,
        cast(null as bigint) as last_number,
        cast(null as bigint) as refused,
        cast(null as bigint) as lost,
        conflicts,
        landed_until,
        cast(unlanded_seconds as double) as unlanded_seconds,
        cast(null as varchar) as owner,
        nullif(
            concat_ws(
                ' ',
                case
                    when conflicts > 0
                        then
                            conflicts || ' decisions were logged again with other content, '
                            || example || ' for one.'
                end,
                case
                    when is_late
                        then
                            'Nothing has landed since '
                            || cast(date_trunc('second', landed_until) as varchar) || ' UTC.'
                end
            ),
            ''
        ) as finding,
        case when conflicts > 0 then conflict_since when is_late then landed_until end as since,
        case
            when conflicts > 0
                then
                    'Two decisions were given one decision_id; the first landed counts.'
                    || ' Look at both in decision_log, and mend who gives the ids.'
            when is_late
                then 'Run `provender land-decisions`, or see on its stderr what it waits for.'
        end as what_to_do
    from logs

)

select * from final
