{#- Each logged run that readers do not have yet: the rows it opened and the rows it closed. They follow from history whenever one looks,
    so a build that died in between is completed by the next. -#}
{% macro _publish_runs(root, views) %}
    {%- do provender._make_folder(root ~ '/runs') -%}
    {%- for run in provender._unpublished_runs(root) -%}
        {%- set view = views | selectattr('history.alias', 'equalto', run.history) | first -%}
        {%- if view -%}
            {%- do provender._make_folder(root ~ '/' ~ run.history) -%}
            {%- do provender._write_parquet(
                provender._run_changes(view, run.as_of), root ~ '/' ~ run.history ~ '/as_of=' ~ run.stamp ~ '.parquet'
            ) -%}
            {%- do provender._write_parquet(
                provender._run_row(run), root ~ '/runs/as_of=' ~ run.stamp ~ '__' ~ run.history ~ '.parquet'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{#- The file that says a logged run is published. -#}
{% macro _run_file_sql(root) -%}
    {{ provender._text(root ~ '/runs/as_of=') }} || strftime(as_of, '%Y%m%dT%H%M%S.%fZ') || '__' || history || '.parquet'
{%- endmacro %}


{#- The file that holds what it changed. -#}
{% macro _changes_file_sql(root) -%}
    {{ provender._text(root ~ '/') }} || history || '/as_of=' || strftime(as_of, '%Y%m%dT%H%M%S.%fZ') || '.parquet'
{%- endmacro %}


{% macro _unpublished_runs(root) %}
    {%- set rows = run_query(
        "select history, strftime(as_of, '%Y-%m-%d %H:%M:%S.%f'), strftime(as_of, '%Y%m%dT%H%M%S.%fZ') from "
        ~ provender._log_relation('run_log') ~ ' where ' ~ provender._run_file_sql(root)
        ~ ' not in (select file from glob(' ~ provender._text(root ~ '/runs/as_of=*.parquet') ~ ')) or '
        ~ provender._changes_file_sql(root) ~ ' not in (select file from glob(' ~ provender._text(root ~ '/*/as_of=*.parquet') ~ '))'
        ~ ' order by as_of, history'
    ) -%}
    {%- set runs = [] -%}
    {%- for row in rows -%}
        {%- do runs.append({'history': row[0], 'as_of': row[1], 'stamp': row[2]}) -%}
    {%- endfor -%}
    {{- return(runs) -}}
{% endmacro %}


{% macro _run_changes(view, as_of) %}
    {%- set run = "cast('" ~ as_of ~ "' as timestamp)" -%}
    select * replace (case when valid_to > {{ run }} then null else valid_to end as valid_to)
    from {{ provender._history_relation(view) }}
    where valid_from = {{ run }} or valid_to = {{ run }}
{% endmacro %}


{% macro _run_row(run) %}
    select * from {{ provender._log_relation('run_log') }}
    where history = {{ provender._text(run.history) }} and as_of = cast('{{ run.as_of }}' as timestamp)
{% endmacro %}
