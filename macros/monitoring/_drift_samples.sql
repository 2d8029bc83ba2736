{#- The values of each sample, one row for each feature and row of it: id, sample, is_absent, number, category. Samples are numbered: -1 is
    the baseline, k the decisions of the day that ended k days before as_of, 1000 + k the online population at the last run by then, and
    1999 that of the time when the baseline was built. -#}
{% macro _drift_samples(subjects) -%}
    {%- set units = provender._drift_units(subjects) -%}
    {%- set days = provender._whole_days(provender._monitor_setting('drift', 'kept')) -%}
    subjects as (
        {{ provender._drift_feature_rows(subjects) }}
    ),

    runs as (
        select view, version, as_of from {{ provender._log_relation('run_log') }} as logged
        where
            as_of <= {{ provender.as_of() }}
            and not exists (
                select 1 from {{ provender._log_relation('cut_log') }} as cuts
                where cuts.view = logged.view and cuts.version = logged.version and cuts.kept_from > logged.as_of
            )
    ),

    days as (
        {%- for day in range(days) %}
        {{ 'union all ' if not loop.first }}select {{ day }} as day, {{ provender.as_of() }} - interval '{{ day }} days' as ended_at
        {%- endfor %}
    ),

    day_runs as (
        select runs.view, runs.version, days.day, max(runs.as_of) as as_of
        from days
        inner join runs on runs.as_of <= days.ended_at
        group by runs.view, runs.version, days.day
    ),
    {%- for unit in units %}

    {{ provender._unit_samples(unit) }},
    {%- endfor %}

    served as (
        {{ provender._served_values(units) }}
    ),

    observed as (
        {%- for unit in units %}
        {%- for feature in unit.features if not feature.why %}
        {{ provender._baseline_values(unit, feature) }}
        union all
        {{ provender._online_values(unit, feature) }}
        union all
        {%- endfor %}
        {%- endfor %}
        select id, sample, is_absent, number, category from served
    ),

    entities as (
        {%- for unit in units %}
        {%- if unit.has_keys %}
        select {{ unit.number }} as unit, -1 as sample, {{ provender._entity_text('', unit['keys']) }} as entity, count(*) as rows_held
        from baseline_{{ unit.number }}
        group by {{ provender._entity_text('', unit['keys']) }}
        union all
        {%- endif %}
        select {{ unit.number }}, sample, {{ provender._entity_text('', unit['keys']) }}, 1 from online_{{ unit.number }}
        union all
        {{ provender._served_entities(unit) }}
        union all
        {%- endfor %}
        {{ provender._rows([], {'unit': 'integer', 'sample': 'integer', 'entity': 'varchar', 'rows_held': 'bigint'}) }}
    )
{%- endmacro %}


{#- The units of all subjects, each with what it needs of its subject. -#}
{% macro _drift_units(subjects) %}
    {%- set units = [] -%}
    {%- for subject in subjects -%}
        {%- for unit in subject.units -%}
            {%- do units.append(dict(unit, service=subject.service, model_version=subject.model_version, baseline=subject.baseline)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(units) -}}
{% endmacro %}


{% macro _drift_feature_rows(subjects) %}
    {%- set rows = [] -%}
    {%- for unit in provender._drift_units(subjects) -%}
        {%- for feature in unit.features -%}
            {%- do rows.append({
                'id': feature.id, 'unit': unit.number, 'service': unit.service, 'model_version': unit.model_version, 'name': feature.name,
                'view': unit.view.name, 'version': unit.view.version, 'feature': feature.feature, 'class': feature.class,
                'owner': unit.view.owner, 'baseline': unit.baseline.name, 'has_keys': unit.has_keys | string | lower,
                'is_hashed': provender._is_logged_hashed(unit.view) | string | lower, 'why': feature.why,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'id': 'integer', 'unit': 'integer', 'service': 'varchar', 'model_version': 'varchar', 'name': 'varchar', 'view': 'varchar',
        'version': 'integer', 'feature': 'varchar', 'class': 'varchar', 'owner': 'varchar', 'baseline': 'varchar', 'has_keys': 'boolean',
        'is_hashed': 'boolean', 'why': 'varchar',
    })) -}}
{% endmacro %}


{#- Whether decisions hold a keyed hash of the view's values, which no statistic can be made of. -#}
{% macro _is_logged_hashed(view) %}
    {%- set node = graph.nodes[view.unique_id] -%}
    {{- return(provender._allowed_uses(node, provender.feature_view_config(node)).log != 'always') -}}
{% endmacro %}


{% macro _unit_samples(unit) -%}
    -- {{ unit.service }} {{ unit.model_version }} of {{ unit.view.label }}
    baseline_{{ unit.number }} as (
        select * from {{ unit.baseline.relation }}
        where {{ provender._in_sample(unit['keys'], unit.baseline_share) if unit.has_keys else 'true' }}
    ),

    online_{{ unit.number }} as (
        select runs.sample, runs.as_of
        {%- for column in unit['keys'] + unit.features | map(attribute='feature') | list %}, kept.{{ column }}{% endfor %}
        from (
            select 1000 + day as sample, as_of from day_runs
            where view = '{{ unit.view.name }}' and version = {{ unit.view.version }}
            union all
            {#- the last run that the baseline can have known; else the first there is #}
            select 1999 as sample, coalesce(max(case when as_of <= {{ provender._moment_of(unit.baseline) }} then as_of end), min(as_of)) as as_of from runs
            where view = '{{ unit.view.name }}' and version = {{ unit.view.version }}
        ) as runs
        inner join {{ provender._history_relation(unit.view) }} as kept
            on kept.valid_from <= runs.as_of and (kept.valid_to is null or kept.valid_to > runs.as_of)
        where {{ provender._in_sample(unit['keys'], unit.online_share) }}
    )
{%- endmacro %}


{% macro _moment_of(baseline) -%}
    cast({{ provender._text(baseline.as_of) }} as timestamp)
{%- endmacro %}


{#- As the model was given it: an absent value stands apart where the baseline says which are absent. -#}
{% macro _baseline_values(unit, feature) -%}
    {%- set absent = [] -%}
    {%- if unit.status -%}
        {%- do absent.append("coalesce(" ~ unit.status ~ " in ('missing', 'not_computed', 'expired'), false)") -%}
    {%- endif -%}
    {%- if unit.not_computed -%}
        {%- do absent.append("position(', " ~ feature.feature ~ ",' in ', ' || coalesce(" ~ unit.not_computed ~ ", '') || ',') > 0") -%}
    {%- endif -%}
    select
            {{ feature.id }} as id, -1 as sample, {{ absent | join(' or ') or 'false' }} as is_absent,
            {{ provender._number_and_category(feature, feature.column, unit.moment) }}
        from baseline_{{ unit.number }}
{%- endmacro %}


{#- What would be served of the row now: null as the feature's null rule says. -#}
{% macro _online_values(unit, feature) -%}
    select
            {{ feature.id }} as id, sample, false as is_absent,
            {{ provender._number_and_category(feature, provender._computed_value(feature.declared, feature.feature), 'as_of') }}
        from online_{{ unit.number }}
{%- endmacro %}


{#- A number, or the text of a category; NaN is no number, so null. A time is how many seconds before the row's moment it was: the time
    itself moves on by itself. -#}
{% macro _number_and_category(feature, value, moment) -%}
    {%- set number -%}
        {{ provender._seconds_between(value, moment) if feature.class == 'time' else 'cast(' ~ value ~ ' as double)' }}
    {%- endset -%}
    {%- if feature.class == 'category' -%}
        cast(null as double) as number, cast({{ value }} as varchar) as category
    {%- else -%}
        nullif({{ number }}, cast('NaN' as double)) as number, cast(null as varchar) as category
    {%- endif -%}
{%- endmacro %}


{#- What decisions got, by what the log says of type and status. This is the one place that knows the log's columns. -#}
{% macro _served_values(units) -%}
    {%- set hides_absence = units | selectattr('status', 'none') | map(attribute='number') | list -%}
    select
            subjects.id,
            cast(floor(({{ provender._seconds_between('logged.decided_at', provender.as_of()) }}) / 86400) as integer) as sample,
            {#- like with like: where the baseline holds defaults for what was absent, so does this #}
            logged.status in ('missing', 'not_computed', 'expired', 'unavailable')
            {%- if hides_absence %} and subjects.unit not in ({{ hides_absence | join(', ') }}){% endif %} as is_absent,
            case subjects.class
                when 'number' then nullif({{ provender._logged_number('logged.value') }}, cast('NaN' as double))
                when 'time' then {{ provender._seconds_between(provender._logged_time('logged.value'), 'coalesce(logged.as_of, logged.decided_at)') }}
            end as number,
            case when subjects.class = 'category' then {{ provender._logged_text('logged.value') }} end as category
        from (
            select decisions.service, coalesce(decisions.model_version, '') as model_version, decisions.decided_at, given.name, given.as_of, given.status, given.value
            from {{ ref('decisions') }} as decisions
            inner join {{ ref('decision_features') }} as given on decisions.decision_id = given.decision_id
            where given.role = 'decides' and {{ provender._is_kept('decisions.decided_at') }} and {{ provender._in_sample(['decisions.decision_id'], provender._served_share()) }}
        ) as logged
        inner join subjects
            on logged.service = subjects.service and logged.model_version = subjects.model_version and logged.name = subjects.name
        where subjects.why is null and not subjects.is_hashed
{%- endmacro %}


{#- Whom the decisions were about, as far as the view tells them apart. -#}
{% macro _served_entities(unit) -%}
    select
            {{ unit.number }} as unit,
            cast(floor(({{ provender._seconds_between('decided_at', provender.as_of()) }}) / 86400) as integer) as sample,
            {{ provender._entity_text('keys', unit['keys']) }} as entity,
            count(*) as rows_held
        from {{ ref('decisions') }}
        where
            service = {{ provender._text(unit.service) }} and coalesce(model_version, '') = {{ provender._text(unit.model_version or '') }}
            and {{ provender._is_kept('decided_at') }} and {{ provender._in_sample(['decision_id'], provender._served_share()) }}
        group by 2, 3
{%- endmacro %}


{#- The keys of a row as one text: columns, or members of a JSON object. -#}
{% macro _entity_text(json, keys) -%}
    {%- set parts = [] -%}
    {%- for key in keys -%}
        {%- set value = provender._json_text(json, key) if json else 'cast(' ~ key ~ ' as varchar)' -%}
        {%- do parts.append("coalesce(" ~ value ~ ", '')") -%}
    {%- endfor -%}
    {{- parts | join(" || '|' || ") -}}
{%- endmacro %}


{#- A value of the log, JSON text, as a number, a time and a text; a JSON null is null. -#}
{% macro _logged_number(value) %}
    {{- return(adapter.dispatch('_logged_number', 'provender')(value)) -}}
{% endmacro %}


{% macro duckdb___logged_number(value) -%}
    try_cast(trim({{ value }}, '"') as double)
{%- endmacro %}


{% macro _logged_time(value) %}
    {{- return(adapter.dispatch('_logged_time', 'provender')(value)) -}}
{% endmacro %}


{% macro duckdb___logged_time(value) -%}
    try_cast(trim({{ value }}, '"') as timestamp)
{%- endmacro %}


{% macro _logged_text(value) %}
    {{- return(adapter.dispatch('_logged_text', 'provender')(value)) -}}
{% endmacro %}


{% macro duckdb___logged_text(value) -%}
    json_extract_string({{ value }}, '$')
{%- endmacro %}
