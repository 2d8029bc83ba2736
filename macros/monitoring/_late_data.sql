{#- Each run of the last window beside what it would compute today: one CTE chain for each definition that a run was made by. The runs are
    picked when this is executed, so the SQL itself changes only with the definitions. -#}
{% macro _late_data_rows() %}
    {{- return(adapter.dispatch('_late_data_rows', 'provender')(provender._past_definitions(provender._past_runs()))) -}}
{% endmacro %}


{% macro default___late_data_rows(past) -%}
    {%- set compared = past | rejectattr('why') | list -%}
    {%- for one in compared -%}
        {%- do one.update({'share': provender._window_share('late_data', provender._rows_in_window(one.view))}) -%}
    {%- endfor -%}
    with past_runs as (
        {{ provender._past_runs() }}
    ),
    {%- for one in compared %}

    {{ provender._run_beside_recomputation(one) }},
    {%- endfor %}

    cells as (
        {%- for one in compared %}
        {{ provender._counted_cells(one) }}
        union all
        {%- endfor %}
        {%- for one in past if one.why %}
        {{ provender._not_compared(one) }}
        union all
        {%- endfor %}
        {{ provender._rows([], provender._late_data_columns()) }}
    ),

    held as (
        select
            view,
            version,
            run_as_of as as_of,
            string_agg(distinct training_set, ', ' order by training_set) as training_sets
        from {{ provender._log_relation('training_run_log') }}
        where source not in ('backfill', 'recompute')
        group by view, version, run_as_of
    )

    select
        cells.*,
        cells.cells_different + cells.keys_only_in_history + cells.keys_only_in_recomputation > 0 as is_different,
        held.training_sets
    from cells
    left join held
        on cells.view = held.view and cells.version = held.version and cells.as_of = held.as_of
{%- endmacro %}


{% macro _late_data_columns() %}
    {{- return({
        'view': 'varchar', 'version': 'integer', 'as_of': 'timestamp', 'feature': 'varchar',
        'fingerprint': 'varchar', 'is_todays_definition': 'boolean', 'not_compared': 'varchar', 'share': 'double',
        'cells_compared': 'bigint', 'cells_different': 'bigint', 'largest_difference': 'double',
        'keys_only_in_history': 'bigint', 'keys_only_in_recomputation': 'bigint',
    }) -}}
{% endmacro %}


{#- The runs before this one, within the window; not those whose history was cut. -#}
{% macro _past_runs() -%}
    select runs.*
        from {{ provender._log_relation('run_log') }} as runs
        where
            runs.as_of < {{ provender.as_of() }}
            and runs.as_of > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('late_data', 'window')) }}
            and not exists (
                select 1 from {{ provender._log_relation('cut_log') }} as cuts
                where cuts.view = runs.view and cuts.version = runs.version and cuts.kept_from > runs.as_of
            )
{%- endmacro %}


{% macro _rows_in_window(view) -%}
    select sum(row_count) from ({{ provender._past_runs() }}) as runs where view = '{{ view.name }}' and version = {{ view.version }}
{%- endmacro %}


{#- The run's definition over the keys that lived then, and what history holds of that run, side by side by key. -#}
{% macro _run_beside_recomputation(one) -%}
    {%- set keys = one.view['keys'] | map(attribute='name') | list -%}
    {%- set n = one.number -%}
    -- {{ one.view.label }} as {{ one.fingerprint }} defines it
    runs_{{ n }} as (
        select as_of from past_runs
        where view = '{{ one.view.name }}' and version = {{ one.view.version }} and fingerprint = '{{ one.fingerprint }}'
    ),

    live_{{ n }} as (
        select {% for key in keys %}life.{{ key }}, {% endfor %}runs_{{ n }}.as_of
        from runs_{{ n }}
        inner join {{ provender._entity_relation(one.view.entity) }} as life
            on life.live_from <= runs_{{ n }}.as_of and (life.live_until is null or life.live_until > runs_{{ n }}.as_of)
        where {{ provender._in_sample(keys, one.share) }}
    ),

    recomputed_{{ n }} as (
        select * from {{ provender._filled(provender._stored_definition(one.view, fingerprint=one.fingerprint), 'select * from live_' ~ n) }} as filled
    ),

    history_{{ n }} as (
        select {% for key in keys %}kept.{{ key }}, {% endfor %}runs_{{ n }}.as_of, {{ one.features | map(attribute='name') | join(', ') }}
        from runs_{{ n }}
        inner join {{ provender._history_relation(one.view) }} as kept
            on kept.valid_from <= runs_{{ n }}.as_of and (kept.valid_to is null or kept.valid_to > runs_{{ n }}.as_of)
        where {{ provender._in_sample(keys, one.share) }}
    ),

    compared_{{ n }} as (
        select
            coalesce(kept.as_of, today.as_of) as as_of,
            count(case when kept.as_of = today.as_of then 1 end) as cells_compared,
            {%- for feature in one.features %}
            {%- set differ = 'kept.as_of = today.as_of and ' ~ provender._differ('kept.' ~ feature.name, 'today.' ~ feature.name, feature.type) %}
            count(case when {{ differ }} then 1 end) as different_{{ loop.index }},
            {%- if provender._type_class(feature.type) in ['integer', 'double', 'decimal'] %}
            max(case when {{ differ }} then abs(cast(kept.{{ feature.name }} as double) - cast(today.{{ feature.name }} as double)) end) as largest_{{ loop.index }},
            {%- endif %}
            {%- endfor %}
            count(case when today.as_of is null then 1 end) as only_in_history,
            count(case when kept.as_of is null then 1 end) as only_in_recomputation
        from history_{{ n }} as kept
        full outer join recomputed_{{ n }} as today
            on {% for key in keys %}kept.{{ key }} = today.{{ key }} and {% endfor %}kept.as_of = today.as_of
        group by coalesce(kept.as_of, today.as_of)
    )
{%- endmacro %}


{% macro _counted_cells(one) -%}
    {%- for feature in one.features %}
        select
            '{{ one.view.name }}' as view, {{ one.view.version }} as version, as_of, '{{ feature.name }}' as feature,
            '{{ one.fingerprint }}' as fingerprint, {{ one.is_todays }} as is_todays_definition, cast(null as varchar) as not_compared, {{ one.share }} as share,
            cells_compared, different_{{ loop.index }} as cells_different,
            {{ 'largest_' ~ loop.index if provender._type_class(feature.type) in ['integer', 'double', 'decimal'] else 'cast(null as double)' }} as largest_difference,
            only_in_history as keys_only_in_history, only_in_recomputation as keys_only_in_recomputation
        from compared_{{ one.number }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro _not_compared(one) -%}
    select
            view, version, as_of, cast(null as varchar) as feature, fingerprint, {{ one.is_todays }} as is_todays_definition,
            {{ provender._text(one.why) }} as not_compared, cast(null as double) as share,
            cast(null as bigint) as cells_compared, cast(null as bigint) as cells_different, cast(null as double) as largest_difference,
            cast(null as bigint) as keys_only_in_history, cast(null as bigint) as keys_only_in_recomputation
        from past_runs
        where view = '{{ one.name }}' and version = {{ one.version }} and fingerprint = '{{ one.fingerprint }}'
{%- endmacro %}
