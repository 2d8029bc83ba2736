{#- What a run changes in history: rows to insert, update (close) and delete (close). dbt's own joins view and history once for each of the
    three; this joins them once, which takes two fifths of the time. For any other snapshot, dbt's own. -#}
{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {%- if config.get('strategy') != 'provender.feature' -%}
        {#- By name: a dispatch would search this project first, and find this macro again. -#}
        {%- set own = adapter.type() ~ '__snapshot_staging_table' -%}
        {{- return((dbt[own] if own in dbt else dbt.default__snapshot_staging_table)(strategy, source_sql, target_relation)) -}}
    {%- endif -%}
    {%- set view = provender._view_of_history(model) -%}
    {%- set on = [] -%}
    {%- for key in strategy.unique_key -%}{%- do on.append('snapshotted_data.' ~ key ~ ' = source_data.' ~ key) -%}{%- endfor -%}
    {%- set columns = [] -%}
    {%- for column in get_columns_in_query(source_sql) -%}{%- do columns.append(adapter.quote(column)) -%}{%- endfor -%}
    with source_data as (

        {{ source_sql }}

    ),

    snapshotted_data as (

        select * from {{ target_relation }}
        where valid_to is null

    ),

    -- keys are never null: a change without one is of a key that is gone, one without an id of history is of a new key
    changes as (

        select
            {%- for column in columns %}
            source_data.{{ column }},
            {%- endfor %}
            snapshotted_data.scd_id as closed_id
        from source_data
        full outer join snapshotted_data
            on {{ on | join(' and ') }}
        where
            source_data.{{ strategy.unique_key[0] }} is null
            or snapshotted_data.scd_id is null
            or {{ strategy.row_changed }}

    )

    {% for change, where in {
        'insert': strategy.unique_key[0] ~ ' is not null',
        'update': strategy.unique_key[0] ~ ' is not null and closed_id is not null',
        'delete': strategy.unique_key[0] ~ ' is null',
    }.items() -%}
    select
        '{{ change }}' as dbt_change_type,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        {{ strategy.updated_at }} as updated_at,
        {{ strategy.updated_at }} as valid_from,
        {{ 'cast(null as timestamp)' if change == 'insert' else strategy.updated_at }} as valid_to,
        {{ strategy.scd_id if change == 'insert' else 'closed_id' if change == 'update' else provender._closed_unless_too_many(view, target_relation) }} as scd_id
    from changes
    where {{ where }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}


{#- Refuses the run when more than `max_shrink` of the live keys vanish at once. -#}
{% macro _closed_unless_too_many(view, history) %}
    {%- if view.name in var('allow_shrink', []) -%}
        {{- return('closed_id') -}}
    {%- endif -%}
    {%- set allowed = provender._setting('max_shrink', 0.2) | float -%}
    {%- set key = view['keys'][0].name -%}
    {%- set gone, live = '(select count(*) from changes where ' ~ key ~ ' is null)', '(select count(*) from ' ~ history ~ ' where valid_to is null)' -%}
    case
            when {{ gone }} > {{ allowed }} * {{ live }} then error(
                {{ provender._text(provender._refusal(view)) }} || {{ gone }} || ' of ' || {{ live }}
                || ' live keys would vanish at once, more than {{ (allowed * 100) | round(1) }} %. If that is right: --vars ''{allow_shrink: [{{ view.name }}]}''.'
            )
            else closed_id
        end
{%- endmacro %}
