{#- The witnesses of the window by service and feature, and the finding where they disagree. -#}
{% macro _skew_sql(witnesses) %}
    {{- return(adapter.dispatch('_skew_sql', 'provender')(witnesses)) -}}
{% endmacro %}


{% macro default___skew_sql(witnesses) -%}
    with witnesses as (
        select *
        from {{ witnesses }}
        where
            decided_at > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('skew', 'window')) }}
            and decided_at <= {{ provender.as_of() }}
    ),

    owners as (
        {{ provender._feature_view_rows() }}
    ),

    -- a full push fills a generation from history: what was wrong in an earlier one is repaired
    online as (
        select view, version, max(generation) as generation
        from {{ source('provender_log', 'push_log') }}
        where
            project = '{{ project_name }}' and target = '{{ target.name }}' and namespace = '{{ provender._namespace() }}'
            and readable_at <= {{ provender.as_of() }}
        group by view, version
    ),

    counted as (
        select
            service, view, version, features,
            count(*) as decisions,
            count(case when not_compared is null then 1 end) as compared,
            count(case when not_recomputed is null and in_recomputation and in_history then 1 end) as recomputed
        from witnesses
        group by service, view, version, features
    ),

    features as (
        select service, view, version, feature, sum(decisions) as decisions, sum(compared) as compared, sum(recomputed) as recomputed
        from (select * exclude (features), unnest(features) as feature from counted) as each_feature
        group by service, view, version, feature
    ),

    differing as (
        select * exclude (differing), unnest(differing) as found
        from (select decision_id, read_at, service, view, version, as_of, generation, differing from witnesses) as witnesses
    ),

    wrong as (
        select
            service, view, version, found.feature as feature, generation, read_at, as_of,
            found.is_online_wrong as is_online_wrong, found.is_history_wrong as is_history_wrong, found.difference as difference
        from differing

        union all

        -- the row as a whole
        select
            service, view, version, null as feature, generation, read_at, as_of,
            true as is_online_wrong, false as is_history_wrong, null as difference
        from witnesses
        where {{ provender._is_missing() }} or {{ provender._is_extra() }} or {{ provender._is_of_no_run() }}
    ),

    wrongs as (
        select
            wrong.service, wrong.view, wrong.version, wrong.feature,
            count(case when is_online_wrong then 1 end) as online_wrong,
            count(case when is_history_wrong then 1 end) as history_wrong,
            max(difference) as largest_difference,
            count(case when {{ provender._is_still_online() }} then 1 end) as open_online,
            count(case when is_history_wrong then 1 end) as open_history,
            max(case when is_history_wrong or {{ provender._is_still_online() }} then difference end) as open_difference,
            min(case when is_history_wrong or {{ provender._is_still_online() }} then read_at end) as since,
            max(read_at) as until,
            min(wrong.as_of) as since_run,
            min(wrong.generation) as since_generation
        from wrong
        left join online
            on wrong.view = online.view and wrong.version = online.version
        group by wrong.service, wrong.view, wrong.version, wrong.feature
    ),

    rows_of as (
        select
            service, view, version, null as feature,
            count(*) as decisions,
            count(case when not_compared is null then 1 end) as compared,
            count(case when not_recomputed is null and in_recomputation and in_history then 1 end) as recomputed,
            count(case when {{ provender._is_missing() }} then 1 end) as missing,
            count(case when {{ provender._is_extra() }} then 1 end) as extra,
            count(case when {{ provender._is_of_no_run() }} then 1 end) as of_no_run
        from witnesses
        group by service, view, version
    ),

    told as (
        select
            told.*, owners.owner,
            coalesce(wrongs.online_wrong, 0) as online_wrong,
            coalesce(wrongs.history_wrong, 0) as history_wrong,
            wrongs.* exclude (service, view, version, feature, online_wrong, history_wrong)
        from (
            select * from rows_of
            union all by name
            select *, 0 as missing, 0 as extra, 0 as of_no_run from features
        ) as told
        left join wrongs
            on
                told.service = wrongs.service and told.view = wrongs.view and told.version = wrongs.version
                and told.feature is not distinct from wrongs.feature
        left join owners
            on told.view = owners.view and told.version = owners.version
    )

    select
        service, view, version, feature, owner, decisions, compared, recomputed, online_wrong, history_wrong, missing, extra, of_no_run,
        largest_difference, since_run, since_generation, until,
        since,
        case
            when coalesce(open_online, 0) + coalesce(open_history, 0) = 0 then null
            when feature is null then
                'Of ' || decisions || ' decisions, ' || missing || ' were told that a key is missing that history has, ' || extra
                || ' were given values of a key that history has not, and ' || of_no_run || ' values of a moment that was no run.'
            when open_online > 0 then
                open_online || ' of ' || compared || ' decisions were served another value than history has'
                || coalesce(', by up to ' || open_difference, '') || '.'
            else
                open_history || ' of ' || recomputed || ' decisions were served what history has, and its events give another value'
                || coalesce(', by up to ' || open_difference, '') || '.'
        end as finding,
        case
            when coalesce(open_online, 0) + coalesce(open_history, 0) = 0 then null
            when open_online > 0 then
                'Fill it anew: push-online --full --select ' || view || '@' || version || '. Then list the decisions: provender wrong-decisions '
                || view || '@' || version || '.'
            else 'See late_data for ' || view || '@' || version || ': events became readable late, or were changed in place.'
        end as what_to_do
    from told
{%- endmacro %}


{#- Wrong in the generation that is online: none is known to have been filled since. -#}
{% macro _is_still_online() -%}
    (is_online_wrong and coalesce(wrong.generation >= online.generation, true))
{%- endmacro %}


{% macro _is_missing() -%}
    (not_compared is null and status = 'missing' and in_history)
{%- endmacro %}


{% macro _is_extra() -%}
    (not_compared is null and status <> 'missing' and not in_history)
{%- endmacro %}


{% macro _is_of_no_run() -%}
    (not_compared = 'no run was as of that moment' and status <> 'missing')
{%- endmacro %}
