{#- The logs that come back from the online store, as views that stand also while nothing has landed (DuckDB has no empty glob). -#}
{% macro _expose_landed_logs() %}
    {{- return(adapter.dispatch('_expose_landed_logs', 'provender')()) -}}
{% endmacro %}


{% macro default___expose_landed_logs() %}{% endmacro %}


{% macro duckdb___expose_landed_logs() %}
    {%- for name, columns in provender._landed_columns().items() -%}
        {%- set files = provender._text(provender._project_path(
            provender._setting('landing_path', 'landing') ~ '/' ~ target.name ~ '/' ~ name ~ '/**/*.parquet'
        )) -%}
        {%- set any_landed = run_query('select count(*) from glob(' ~ files ~ ')')[0][0] > 0 -%}
        {%- set typed -%}
            {% for column, type in columns.items() %}cast({{ column if any_landed else 'null' }} as {{ type }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %}
        {%- endset -%}
        {%- set origin = 'from read_parquet(' ~ files ~ ', union_by_name = true, hive_partitioning = false)' if any_landed else 'where false' -%}
        {#- how far a log had landed is read once a run: all of the run speaks of the same moment -#}
        {%- set kind = 'table' if name == 'landed' else 'view' -%}
        {%- do run_query('create or replace ' ~ kind ~ ' ' ~ provender._log_relation(name) ~ ' as select ' ~ typed ~ ' ' ~ origin) -%}
    {%- endfor -%}
{% endmacro %}


{% macro _landed_columns() %}
    {{- return({
        'push_log': {
            'stream_id': 'varchar', 'namespace': 'varchar', 'project': 'varchar', 'target': 'varchar', 'view': 'varchar', 'version': 'integer',
            'fingerprint': 'varchar', 'run_as_of': 'timestamp', 'generation': 'bigint', 'readable_at': 'timestamp', 'mode': 'varchar',
            'rows': 'bigint', 'tombstones': 'bigint',
        },
        'push_attempts': {
            'attempt_id': 'varchar', 'namespace': 'varchar', 'project': 'varchar', 'target': 'varchar', 'view': 'varchar', 'version': 'integer',
            'started_at': 'timestamp', 'ended_at': 'timestamp', 'seconds': 'double', 'outcome': 'varchar', 'message': 'varchar',
            'run_as_of': 'timestamp', 'mode': 'varchar', 'rows': 'bigint', 'tombstones': 'bigint',
        },
        'decision_log': {
            'stream_id': 'varchar', 'decision_id': 'varchar', 'namespace': 'varchar', 'writer': 'varchar', 'number': 'bigint', 'refused': 'bigint',
            'service': 'varchar', 'model_version': 'varchar', 'decided_at': 'timestamp', 'read_at': 'timestamp', 'read_us': 'bigint',
            'waited_for': 'varchar', 'keys': 'varchar', 'request': 'varchar', 'decision': 'varchar', 'outside': 'varchar',
            'views': 'struct(view varchar, version integer, fingerprint varchar, generation bigint, as_of timestamp, age_us bigint, status varchar, '
                ~ 'cached boolean, names varchar[], features varchar[], types varchar[], "values" varchar[], statuses varchar[], '
                ~ 'is_default boolean[], hashed boolean)[]',
            'landed_at': 'timestamp', 'mac': 'varchar',
        },
        'feature_lineage': {
            'view': 'varchar', 'version': 'integer', 'feature': 'varchar', 'fingerprint': 'varchar', 'role': 'varchar', 'source': 'varchar',
            'source_column': 'varchar', 'not_told': 'varchar',
        },
        'landed': {'log': 'varchar', 'namespace': 'varchar', 'landed_until': 'timestamp'},
    }) -}}
{% endmacro %}
