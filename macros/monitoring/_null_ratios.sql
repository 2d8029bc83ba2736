{#- Null ratio of each feature at its view's last run, and since which run it is above what is declared: nulls are counted up and down as history's
    rows open and close, so that one pass over history tells them at every run. -#}
{% macro _null_ratio_rows() -%}
    {%- set kept = provender._views_with_history() -%}
    with
    {%- for view in kept %}

    -- {{ view.label }}
    changes_{{ loop.index }} as (
        select moment, sum(keys) as keys{% for feature in view.counted %}, sum(nulls_{{ loop.index }}) as nulls_{{ loop.index }}{% endfor %}
        from (
            select valid_from as moment, 1 as keys{% for feature in view.counted %}, case when {{ feature.name }} is null then 1 else 0 end as nulls_{{ loop.index }}{% endfor %}
            from {{ view.relation }}
            union all
            select valid_to as moment, -1 as keys{% for feature in view.counted %}, case when {{ feature.name }} is null then -1 else 0 end as nulls_{{ loop.index }}{% endfor %}
            from {{ view.relation }}
            where valid_to is not null
            union all
            -- a run that changed nothing
            select as_of as moment, 0 as keys{% for feature in view.counted %}, 0 as nulls_{{ loop.index }}{% endfor %}
            from {{ provender._log_relation('run_log') }}
            where view = '{{ view.name }}' and version = {{ view.version }}
        ) as moments
        group by moment
    ),

    states_{{ loop.index }} as (
        select moment, sum(keys) over (order by moment) as keys{% for feature in view.counted %}, sum(nulls_{{ loop.index }}) over (order by moment) as nulls_{{ loop.index }}{% endfor %}
        from changes_{{ loop.index }}
    ),
    {%- endfor %}

    features as (
        {{ provender._rows(provender._declared_ratios(kept), {
            'view': 'varchar', 'version': 'integer', 'feature': 'varchar', 'owner': 'varchar', 'max_null_ratio': 'double',
        }) }}
    ),

    counted as (
        {%- for view in kept -%}
        {%- set number = loop.index -%}
        {%- for feature in view.counted %}
        select '{{ view.name }}' as view, {{ view.version }} as version, '{{ feature.name }}' as feature, moment, keys, nulls_{{ loop.index }} as nulls
        from states_{{ number }}
        union all
        {%- endfor -%}
        {%- endfor %}
        select cast(null as varchar) as view, null as version, null as feature, cast(null as timestamp) as moment, null as keys, null as nulls where false
    ),

    ratios as (
        select
            counted.*,
            features.owner,
            features.max_null_ratio,
            counted.nulls / cast(counted.keys as double) as null_ratio,
            counted.nulls > features.max_null_ratio * counted.keys as is_above,
            row_number() over (partition by counted.view, counted.version, counted.feature order by counted.moment desc) as place
        from counted
        inner join features on counted.view = features.view and counted.version = features.version and counted.feature = features.feature
        inner join {{ provender._log_relation('run_log') }} as runs
            on counted.view = runs.view and counted.version = runs.version and counted.moment = runs.as_of
        where
            runs.as_of <= {{ provender.as_of() }}
            -- a run that did not compute the feature yet has no nulls of it
            and position('"' || counted.feature || '"' in runs.columns) > 0
            and counted.keys > 0
            and not exists (
                select 1 from {{ provender._log_relation('cut_log') }} as cuts
                where cuts.view = runs.view and cuts.version = runs.version and cuts.kept_from > runs.as_of
            )
    ),

    spells as (
        select view, version, feature, min(moment) as since
        from (
            select *, max(case when not is_above then moment end) over (partition by view, version, feature) as last_good
            from ratios
        ) as judged
        where is_above and (last_good is null or moment > last_good)
        group by view, version, feature
    )

    select
        ratios.view,
        ratios.version,
        ratios.feature,
        ratios.moment as as_of,
        ratios.keys as row_count,
        ratios.nulls as null_count,
        ratios.null_ratio,
        ratios.max_null_ratio,
        ratios.owner,
        case when ratios.is_above
            then
                {{ provender._said_share('ratios.null_ratio') }} || ' of its ' || cast(cast(ratios.keys as bigint) as varchar) || ' keys are null at the run of '
                || {{ provender._said_at('ratios.moment') }} || '; ' || {{ provender._said_share('ratios.max_null_ratio') }} || ' is allowed.'
        end as finding,
        case when ratios.is_above then spells.since end as since,
        case when ratios.is_above
            then
                'See what ' || ratios.view || ' reads for it: a column that is no longer filled, a join that no longer finds. If the nulls are right,'
                || ' raise max_null_ratio of ' || ratios.feature || '.'
        end as what_to_do
    from ratios
    left join spells on ratios.view = spells.view and ratios.version = spells.version and ratios.feature = spells.feature
    where ratios.place = 1
{%- endmacro %}


{#- The views that were built, each with its history and the features that stand in it. -#}
{% macro _views_with_history() %}
    {%- set kept = [] -%}
    {%- for view in (provender.feature_views() if not provender._sees_part() else []) if view.history -%}
        {%- set relation = load_relation(provender._history_relation(view)) -%}
        {%- if relation -%}
            {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
            {%- set counted = view.features | selectattr('name', 'in', columns) | list -%}
            {%- do kept.append(dict(view, relation=relation, counted=counted)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(kept) -}}
{% endmacro %}


{#- What each feature declares; 5 % where it says nothing. -#}
{% macro _declared_ratios(views) %}
    {%- set rows = [] -%}
    {%- for view in views -%}
        {%- for feature in view.counted -%}
            {%- do rows.append({
                'view': view.name, 'version': view.version, 'feature': feature.name, 'owner': view.owner,
                'max_null_ratio': 0.05 if feature.max_null_ratio is none else feature.max_null_ratio,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}
