{#- What each source that feeds a view says of itself: its newest row beside its declared freshness, and how long its rows take to be known. -#}
{% macro _source_lag_rows() -%}
    {%- set sources = provender._feeding_sources() -%}
    with sources as (
        {{ provender._rows(sources, {
            'source': 'varchar', 'owner': 'varchar', 'feeds': 'varchar', 'allowed_seconds': 'bigint', 'is_there': 'boolean',
        }) }}
    ),

    loads as (
        {%- for each in sources if each.newest_sql %}
        select '{{ each.source }}' as source, ({{ each.newest_sql }}) as loaded_at
        union all
        {%- endfor %}
        select cast(null as varchar) as source, cast(null as timestamp) as loaded_at where false
    ),

    known as (
        {%- for each in sources -%}
        {%- for relation in each.staged %}
        select '{{ each.source }}' as source, known_from, {{ provender._seconds_between('occurred_at', 'known_from') }} as lag_seconds
        from {{ relation }}
        where {{ provender._in_health_window('known_from') }}
        union all
        {%- endfor -%}
        {%- endfor %}
        select cast(null as varchar) as source, cast(null as timestamp) as known_from, cast(null as double) as lag_seconds where false
    ),

    lags as (
        select
            known.source,
            count(*) as rows_in_window,
            max(known.known_from) as newest_known_from,
            percentile_cont(0.5) within group (order by known.lag_seconds) as lag_p50_seconds,
            percentile_cont(0.95) within group (order by known.lag_seconds) as lag_p95_seconds,
            max(known.lag_seconds) as lag_max_seconds,
            count(case when {{ provender._is_recent() }} then 1 end) as recent_rows,
            percentile_cont(0.5) within group (order by case when {{ provender._is_recent() }} then known.lag_seconds end) as recent_lag_p50_seconds
        from known
        inner join sources on known.source = sources.source
        group by known.source
    ),

    measured as (
        select
            known.source,
            known.known_from,
            known.lag_seconds > lags.lag_p50_seconds + sources.allowed_seconds as is_late
        from known
        inner join lags on known.source = lags.source
        inner join sources on known.source = sources.source
    ),

    slow_since as (
        {{ provender._spells('measured', ['source'], 'known_from', 'is_late', 0.5) }}
    ),

    judged as (
        select
            sources.*,
            coalesce(loads.loaded_at, lags.newest_known_from) as newest_loaded_at,
            {{ provender._seconds_between('coalesce(loads.loaded_at, lags.newest_known_from)', provender.as_of()) }} as silent_seconds,
            coalesce(lags.rows_in_window, 0) as rows_in_window,
            lags.lag_p50_seconds,
            lags.lag_p95_seconds,
            lags.lag_max_seconds,
            coalesce(lags.recent_rows, 0) as recent_rows,
            lags.recent_lag_p50_seconds,
            coalesce(lags.recent_rows >= 5 and lags.recent_lag_p50_seconds > lags.lag_p50_seconds + sources.allowed_seconds, false) as is_slow,
            slow_since.since as slow_since
        from sources
        left join loads on sources.source = loads.source
        left join lags on sources.source = lags.source
        left join slow_since on sources.source = slow_since.source
    )

    select
        source,
        newest_loaded_at,
        allowed_seconds as freshness_seconds,
        silent_seconds,
        rows_in_window,
        lag_p50_seconds,
        lag_p95_seconds,
        lag_max_seconds,
        recent_rows,
        recent_lag_p50_seconds,
        feeds,
        owner,
        case
            when not is_there then 'Its table is not there; it feeds ' || feeds || '.'
            when newest_loaded_at is null then 'It holds no row that was loaded by now; it feeds ' || feeds || '.'
            when silent_seconds > allowed_seconds
                then
                    'Its newest row was loaded at ' || {{ provender._said_at('newest_loaded_at') }} || ', '
                    || {{ provender._said_seconds('silent_seconds') }} || ' ago, and its freshness allows '
                    || {{ provender._said_seconds('allowed_seconds') }} || '; it feeds ' || feeds || '.'
            when is_slow
                then
                    'Half of its last ' || recent_rows || ' rows became known more than ' || {{ provender._said_seconds('recent_lag_p50_seconds') }}
                    || ' after they happened; ' || {{ provender._said_seconds('lag_p50_seconds') }} || ' is usual. It feeds ' || feeds || '.'
        end as finding,
        case
            when silent_seconds > allowed_seconds then newest_loaded_at + {{ provender._interval('allowed_seconds', 'second') }}
            when is_slow then slow_since
        end as since,
        case
            when not is_there or newest_loaded_at is null or silent_seconds > allowed_seconds or is_slow
                then
                    'Ask its owner. Views built meanwhile lack these rows; once they came, the next build has them'
                    || ', and `late_data` tells whether a past run would differ.'
        end as what_to_do
    from judged
{%- endmacro %}


{#- Became known within the time that the source's freshness allows. -#}
{% macro _is_recent() -%}
    known.known_from > {{ provender.as_of() }} - {{ provender._interval('sources.allowed_seconds', 'second') }}
{%- endmacro %}


{#- The source tables that feed a view: whose they are, what freshness allows, the SQL of their newest load stamp, and the models in which their
    rows first have two clocks. -#}
{% macro _feeding_sources() %}
    {%- set feeding = [] -%}
    {%- if execute and not provender._sees_part() -%}
        {%- set fed = provender._fed_views() -%}
        {%- set two_clocks = provender._models_of_two_clocks(fed | map(attribute='ancestors') | sum(start=[]) | unique | sort) -%}
        {%- for id in fed | map(attribute='source') | unique | sort -%}
            {%- set node = graph.sources[id] -%}
            {%- set feeds = fed | selectattr('source', 'equalto', id) | map(attribute='label') | list -%}
            {%- set relation = source(node.source_name, node.name) -%}
            {%- set is_there = relation.external or load_relation(relation) is not none -%}
            {%- do feeding.append({
                'source': node.source_name ~ '.' ~ node.name, 'owner': provender._meta_mapping(node, 'source_contract').get('owner'),
                'feeds': feeds | join(', '), 'allowed_seconds': provender._allowed_seconds(node), 'is_there': 'true' if is_there else 'false',
                'newest_sql': provender._newest_sql(node, relation) if is_there else none,
                'staged': provender._staged(id, two_clocks),
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(feeding) -}}
{% endmacro %}


{#- One row per view version and source that feeds it. -#}
{% macro _fed_view_rows() %}
    {%- set rows = [] -%}
    {%- for each in provender._fed_views() -%}
        {%- do rows.append(dict(each, source=graph.sources[each.source].source_name ~ '.' ~ graph.sources[each.source].name)) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'view': 'varchar', 'version': 'integer', 'source': 'varchar'})) -}}
{% endmacro %}


{#- The same, each source by its unique id, with all that the view descends from. -#}
{% macro _fed_views() %}
    {%- set fed = [] -%}
    {%- for node in (provender._feature_view_nodes() if execute else []) -%}
        {%- set ancestors = provender._ancestors([node.unique_id]) -%}
        {%- for id in ancestors if id in graph.sources -%}
            {%- do fed.append({
                'view': node.name, 'version': provender._version(node), 'label': provender._label(node), 'source': id, 'ancestors': ancestors,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(fed) -}}
{% endmacro %}


{#- What the source's own freshness allows: warn_after, else error_after. Seconds. -#}
{% macro _allowed_seconds(node) %}
    {%- set freshness = node.config.get('freshness') or node.get('freshness') or {} -%}
    {%- set warn, error = freshness.get('warn_after') or {}, freshness.get('error_after') or {} -%}
    {%- set after = warn if warn.get('count') is not none else error -%}
    {%- set period = {'minute': 60, 'hour': 3600, 'day': 86400}[(after.get('period') or 'day') | string] -%}
    {{- return(none if after.get('count') is none else after.count * period) -}}
{% endmacro %}


{#- The newest load stamp by the run's as_of; none where the source has no such column, and dbt asks the warehouse instead. -#}
{% macro _newest_sql(node, relation) %}
    {%- set field = node.config.get('loaded_at_field') or node.get('loaded_at_field') -%}
    {%- if not field -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set loaded = 'cast(' ~ field ~ ' as timestamp)' -%}
    {%- set filter = (node.config.get('freshness') or node.get('freshness') or {}).get('filter') -%}
    {{- return(
        'select max(' ~ loaded ~ ') from ' ~ relation ~ ' where ' ~ loaded ~ ' <= ' ~ provender.as_of() ~ (' and (' ~ filter ~ ')' if filter else '')
    ) -}}
{% endmacro %}


{#- Those of these models whose rows are versions of events, by unique id, with what they descend from. -#}
{% macro _models_of_two_clocks(ids) %}
    {%- set found = {} -%}
    {%- for id in ids if id.startswith('model.') -%}
        {%- set node = graph.nodes[id] -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) if node.config.materialized != 'ephemeral' else none -%}
        {%- if relation -%}
            {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
            {%- if 'known_from' in names and 'occurred_at' in names -%}
                {%- do found.update({id: {'relation': relation, 'ancestors': provender._ancestors([id])}}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- Those nearest to a source. -#}
{% macro _staged(source_id, two_clocks) %}
    {%- set relations = [] -%}
    {%- for id, model in two_clocks.items() if source_id in model.ancestors -%}
        {%- set ns = namespace(is_nearest=true) -%}
        {%- for ancestor in model.ancestors if ancestor in two_clocks and source_id in two_clocks[ancestor].ancestors -%}
            {%- set ns.is_nearest = false -%}
        {%- endfor -%}
        {%- if ns.is_nearest -%}
            {%- do relations.append(model.relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(relations) -}}
{% endmacro %}
