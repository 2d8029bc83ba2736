{#- What both versions of a view that is rolled out said for the same decisions, and where the rollout's criterion is exceeded. -#}
{% macro _version_comparison_sql() %}
    {{- return(adapter.dispatch('_version_comparison_sql', 'provender')()) -}}
{% endmacro %}


{% macro default___version_comparison_sql() -%}
    with rollouts as (
        {{ provender._rollout_rows() }}
    ),

    pairs as (
        {{ provender._rolled_feature_rows() }}
    ),

    logged as (
        select logged.*
        from {{ ref('provender', 'decision_features') }} as logged
        inner join rollouts
            on
                logged.service = rollouts.service and logged.view = rollouts.view
                and logged.version in (rollouts.from_version, rollouts.to_version)
        where {{ provender._in_health_window('logged.decided_at') }}
    ),

    -- a version that was mended begins anew: what it was before is not held against it
    last_definitions as (
        select service, view, version, fingerprint
        from logged
        group by service, view, version, fingerprint
        qualify row_number() over (partition by service, view, version order by max(decided_at) desc, fingerprint) = 1
    ),

    served as (
        select logged.*
        from logged
        inner join last_definitions using (service, view, version, fingerprint)
    ),

    counted as (
        select service, view, count(distinct decision_id) as decisions
        from served
        where role = 'decides'
        group by service, view
    ),

    beside as (
        select
            pairs.service,
            pairs.view,
            pairs.name,
            pairs.tolerance,
            before.decided_at,
            after.role = 'decides' as is_to_deciding,
            before.value as value_before,
            after.value as value_after,
            before.value_number as number_before,
            after.value_number as number_after,
            {%- for side in ['before', 'after'] %}
            {{ side }}.status not in ('ok', 'stale') as is_absent_{{ side }},
            {{ side }}.status in ('ok', 'stale') and ({{ side }}.value is null or {{ side }}.is_default) as is_null_{{ side }}{{ ',' if not loop.last }}
            {%- endfor %}
        from pairs
        inner join served as before
            on
                pairs.service = before.service and pairs.view = before.view and pairs.from_version = before.version
                and pairs.from_feature = before.feature
        inner join served as after
            on
                before.decision_id = after.decision_id and pairs.view = after.view and pairs.to_version = after.version
                and pairs.to_feature = after.feature
    ),

    compared as (
        select
            *,
            -- numbers are compared as such: in another type, one value has another text
            (value_before is distinct from value_after)
            and (number_before = number_after) is not true
            and (abs(number_after - number_before) < 1e-9 * greatest(abs(number_after), abs(number_before))) is not true
            and (abs(number_after - number_before) <= tolerance) is not true as is_differing
        from beside
    ),

    figures as (
        select
            service,
            view,
            name,
            count(*) as compared,
            count(case when is_to_deciding then 1 end) as decided_by_to,
            count(case when is_differing then 1 end) as differing,
            count(case when is_differing and number_after > number_before then 1 end) as higher,
            count(case when is_differing and number_after < number_before then 1 end) as lower,
            avg(case when is_differing then number_after - number_before end) as mean_difference,
            count(case when is_null_before then 1 end) as nulls_before,
            count(case when is_null_after then 1 end) as nulls_after,
            count(case when is_absent_before then 1 end) as absent_before,
            count(case when is_absent_after then 1 end) as absent_after,
            min(case when is_differing then decided_at end) as differing_since,
            min(case when is_null_after and not is_null_before then decided_at end) as null_since,
            min(case when is_absent_after and not is_absent_before then decided_at end) as absent_since
        from compared
        group by service, view, name
    ),

    shares as (
        select
            rollouts.*,
            pairs.name,
            pairs.from_feature,
            pairs.to_feature,
            coalesce(counted.decisions, 0) as decisions,
            coalesce(figures.compared, 0) as compared,
            coalesce(figures.decided_by_to, 0) as decided_by_to,
            figures.differing / cast(figures.compared as double) as share_differing,
            figures.higher / cast(figures.compared as double) as share_higher,
            figures.lower / cast(figures.compared as double) as share_lower,
            figures.mean_difference,
            (figures.nulls_after - figures.nulls_before) / cast(figures.compared as double) as more_nulls,
            (figures.absent_after - figures.absent_before) / cast(figures.compared as double) as more_absent,
            figures.differing_since,
            figures.null_since,
            figures.absent_since
        from rollouts
        inner join pairs on rollouts.service = pairs.service and rollouts.view = pairs.view
        left join counted on rollouts.service = counted.service and rollouts.view = counted.view
        left join figures
            on pairs.service = figures.service and pairs.view = figures.view and pairs.name = figures.name
    ),

    judged as (
        select
            *,
            {%- for measure, limit in provender._criterion_measures().items() %}
            coalesce(compared >= least_decisions and {{ measure }} > {{ limit }}, false) as is_{{ limit }}{{ ',' if not loop.last }}
            {%- endfor %}
        from shares
    ),

    told as (
        select
            *,
            concat_ws(
                '; ',
                case when is_most_differing then 'it differs in ' || {{ provender._said_share('share_differing') }} || ', above ' || {{ provender._said_share('most_differing') }} end,
                case when is_most_nulls then {{ provender._said_share('more_nulls') }} || ' more are null, above ' || {{ provender._said_share('most_nulls') }} end,
                case when is_most_absent then {{ provender._said_share('more_absent') }} || ' more are absent, above ' || {{ provender._said_share('most_absent') }} end
            ) as exceeded
        from judged
    )

    select
        service,
        view,
        to_version as version,
        from_version,
        to_version,
        stage,
        share_ppm / 1000000.0 as share,
        name as feature,
        from_feature,
        to_feature,
        decisions,
        compared,
        decided_by_to,
        share_differing,
        share_higher,
        share_lower,
        mean_difference,
        more_nulls,
        more_absent,
        owner,
        case when exceeded <> '' then
            'Of ' || compared || ' decisions of ' || service || ', ' || view || '@' || to_version || ' beside @' || from_version || ' (' || stage
            || case when stage = 'canary' then ' of ' || {{ provender._said_share('share_ppm / 1000000.0') }} else '' end || '): ' || exceeded || '.'
        end as finding,
        case when exceeded <> '' then least(
            case when is_most_differing then differing_since end,
            case when is_most_nulls then null_since end,
            case when is_most_absent then absent_since end
        ) end as since,
        case
            when exceeded = '' then null
            when stage = 'shadow' then 'Let it go no further: see what the new version does otherwise, mend it, or raise what `roll_back_when` allows.'
            else '`provender roll-back ' || service || ' ' || view || '`; then declare `stage: shadow` in the exposure, and mend the new version.'
        end as what_to_do
    from told
{%- endmacro %}


{#- What is measured, and the column that holds what is allowed. -#}
{% macro _criterion_measures() %}
    {{- return({'share_differing': 'most_differing', 'more_nulls': 'most_nulls', 'more_absent': 'most_absent'}) -}}
{% endmacro %}


{#- One row per rollout of a service, with its criterion; null where it does not name that. -#}
{% macro _rollout_rows() %}
    {%- set rows = [] -%}
    {%- set views = provender.feature_views() -%}
    {%- for node in provender._ml_exposures() -%}
        {%- for each in provender._declared_rollouts(node, provender._service_views(node, views)) -%}
            {%- set criterion = each.roll_back_when -%}
            {%- do rows.append({
                'service': node.name, 'owner': node.owner.name or node.owner.email, 'view': each.view, 'from_version': each.from_version,
                'to_version': each.to_version, 'stage': each.stage, 'share_ppm': each.share_ppm, 'most_differing': criterion.get('differing'),
                'most_nulls': criterion.get('more_nulls'), 'most_absent': criterion.get('more_absent'), 'least_decisions': criterion.get('decisions', 100),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'service': 'varchar', 'owner': 'varchar', 'view': 'varchar', 'from_version': 'integer', 'to_version': 'integer', 'stage': 'varchar',
        'share_ppm': 'integer', 'most_differing': 'double', 'most_nulls': 'double', 'most_absent': 'double', 'least_decisions': 'integer',
    })) -}}
{% endmacro %}


{#- One row per feature of a rollout that both versions have. -#}
{% macro _rolled_feature_rows() %}
    {%- set rows = [] -%}
    {%- set views = provender.feature_views() -%}
    {%- for node in provender._ml_exposures() -%}
        {%- set read = provender._service_views(node, views) -%}
        {%- set own = provender._service_features(node, provender._own_views(node, read)).features -%}
        {%- for each in provender._declared_rollouts(node, read) -%}
            {%- for feature in own if feature.view == each.view and feature.version == each.from_version -%}
                {%- set after = provender._feature_now(each.to, feature.feature) -%}
                {%- set declared = each.to.features | selectattr('name', 'equalto', after) | first -%}
                {%- do rows.append({
                    'service': node.name, 'view': each.view, 'from_version': each.from_version, 'to_version': each.to_version, 'name': feature.name,
                    'from_feature': feature.feature, 'to_feature': after, 'tolerance': declared.tolerance,
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'service': 'varchar', 'view': 'varchar', 'from_version': 'integer', 'to_version': 'integer', 'name': 'varchar', 'from_feature': 'varchar',
        'to_feature': 'varchar', 'tolerance': 'double',
    })) -}}
{% endmacro %}
