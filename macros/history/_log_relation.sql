{#- The tables that hooks write. They are dbt sources (`provender_log`), kept by every `--full-refresh`. -#}
{% macro _log_relation(name) %}
    {{- return(api.Relation.create(
        database=target.database, schema=target.schema ~ '_provender', identifier=name, type='table'
    )) -}}
{% endmacro %}


{% macro _log_tables() %}
    {{- return({
        'run_log': [
            'view text', 'version integer', 'history text', 'fingerprint text', 'as_of timestamp',
            'ended_at timestamp', 'row_count bigint', 'columns text', 'invocation_id text', 'git_commit text',
        ],
        'definition_log': [
            'unique_id text', 'fingerprint text', 'definition_sql text', 'view text', 'version integer', 'entity text',
            'keys text', 'features text', 'policies text', 'owner text', 'recorded_at timestamp',
            'invocation_id text', 'git_commit text',
        ],
        'build_log': [
            'view text', 'version integer', 'as_of timestamp', 'invocation_id text', 'finished_at timestamp',
            'status text', 'message text',
        ],
        'backfill_log': [
            'view text', 'version integer', 'feature text', 'as_of timestamp', 'step_seconds bigint', 'fingerprint text',
            'row_count bigint', 'filled_at timestamp', 'invocation_id text', 'git_commit text',
        ],
        'cut_log': [
            'view text', 'version integer', 'kept_from timestamp', 'rows_cut bigint', 'cut_at timestamp',
            'invocation_id text', 'git_commit text',
        ],
        'monitor_log': [
            'monitor text', 'as_of timestamp', 'invocation_id text', 'finished_at timestamp', 'status text', 'message text',
        ],
        'training_log': [
            'training_set text', 'as_of timestamp', 'pushes_landed_until timestamp', 'decisions_landed_until timestamp',
            'options text', 'row_count bigint', 'spine_fingerprint text', 'spine_hash text', 'content_hash text', 'fingerprint text', 'built_at timestamp',
            'invocation_id text', 'git_commit text',
        ],
        'training_run_log': [
            'training_set text', 'invocation_id text', 'view text', 'version integer', 'run_as_of timestamp', 'source text',
            'status text', 'row_count bigint',
        ],
    }) -}}
{% endmacro %}


{% macro _create_log_tables() %}
    {%- do run_query('create schema if not exists ' ~ provender._log_relation('x').without_identifier()) -%}
    {%- for name, columns in provender._log_tables().items() -%}
        {%- do run_query('create table if not exists ' ~ provender._log_relation(name) ~ ' (' ~ columns | join(', ') ~ ')') -%}
    {%- endfor -%}
{% endmacro %}


{% macro _git_commit() %}{{ return(env_var('PROVENDER_GIT_COMMIT', 'unknown')) }}{% endmacro %}


{#- A SQL text literal; none is null. -#}
{% macro _text(value) %}
    {{- return('null' if value is none else "'" ~ (value | string).replace("'", "''") ~ "'") -}}
{% endmacro %}


{#- The present of this run, but later than every such row: what was logged last is last, also when the clock stands still. -#}
{% macro _later(log, column, rows) %}
    {{- return(
        '(select greatest(' ~ provender._run_clock() ~ ", coalesce(max(" ~ column ~ ") + interval '1 microsecond', " ~ provender._run_clock() ~ '))'
        ~ ' from ' ~ log ~ ' where ' ~ rows ~ ')'
    ) -}}
{% endmacro %}
