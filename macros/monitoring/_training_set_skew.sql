{#- The features that training sets, as they were last built, hold and that have open skew. -#}
{% macro _training_set_skew_sql(training_sets, skew) %}
    {{- return(adapter.dispatch('_training_set_skew_sql', 'provender')(training_sets, skew)) -}}
{% endmacro %}


{% macro default___training_set_skew_sql(training_sets, skew) -%}
    with last_builds as (
        select training_set, built_at, options
        from (
            select *, row_number() over (partition by training_set order by built_at desc, invocation_id) as place
            from {{ training_sets }}
        ) as builds
        where place = 1
    ),

    views as (
        select training_set, built_at, {{ provender._json_elements(provender._json_member('options', 'views')) }} as asked
        from last_builds
    ),

    held as (
        select
            training_set,
            built_at,
            {{ provender._json_text('asked', 'view') }} as view,
            cast({{ provender._json_text('asked', 'version') }} as integer) as version,
            {{ provender._json_keys('asked', 'columns') }} as feature
        from views
    ),

    open_skew as (
        select view, version, feature, service, since, owner, finding, what_to_do
        from {{ skew }}
        where finding is not null
    )

    select
        held.training_set,
        held.built_at,
        held.view,
        held.version,
        held.feature,
        string_agg(distinct open_skew.service, ', ' order by open_skew.service) as services,
        max(open_skew.owner) as owner,
        case when count(open_skew.service) > 0 then
            'It holds ' || held.feature || ' of ' || held.view || '@' || held.version || ', which has open skew: ' || min(open_skew.finding)
        end as finding,
        min(open_skew.since) as since,
        case when count(open_skew.service) > 0 then
            'Mend the skew before you train on it; where history was wrong, build the set anew. ' || min(open_skew.what_to_do)
        end as what_to_do
    from held
    left join open_skew
        on
            held.view = open_skew.view and held.version = open_skew.version
            and (open_skew.feature = held.feature or open_skew.feature is null)
    group by held.training_set, held.built_at, held.view, held.version, held.feature
{%- endmacro %}
