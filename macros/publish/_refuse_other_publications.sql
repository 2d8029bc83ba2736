{#- Runs published by another database (this one was replaced): their open rows would stand beside ours for ever. -#}
{% macro _refuse_other_publications() %}
    {{- return(adapter.dispatch('_refuse_other_publications', 'provender')()) -}}
{% endmacro %}


{% macro default___refuse_other_publications() %}{% endmacro %}


{% macro duckdb___refuse_other_publications() %}
    {%- set root = provender._published_root() -%}
    {%- set unknown = run_query(
        'select count(*) from glob(' ~ provender._text(root ~ '/runs/as_of=*.parquet') ~ ') where file not in ('
        ~ 'select ' ~ provender._run_file_sql(root) ~ ' from ' ~ provender._log_relation('run_log') ~ ')'
    )[0][0] -%}
    {%- if unknown -%}
        {%- do exceptions.raise_compiler_error(
            root ~ ' holds ' ~ unknown ~ ' runs that this database does not know: it was replaced. Put the old database back, '
            ~ 'or move that folder away and build again; push-online then fills the online store anew.'
        ) -%}
    {%- endif -%}
{% endmacro %}
