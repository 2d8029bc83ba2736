{% macro publish(results) %}
    {{- return(adapter.dispatch('publish', 'provender')(results)) -}}
{% endmacro %}


{#- A warehouse lets readers in beside the writer; there is nothing to publish. -#}
{% macro default__publish(results) %}{% endmacro %}


{#- Order matters: a run is visible to readers once its row in `runs` is, and that is written last. -#}
{% macro duckdb__publish(results) %}
    {%- set root = provender._published_root() -%}
    {%- do provender._make_folders(root) -%}
    {%- set views = provender.feature_views() -%}
    {%- do provender._publish_tables(root, views, results) -%}
    {%- do provender._publish_runs(root, views) -%}
    {%- do provender._publish_catalog(root) -%}
{% endmacro %}


{% macro _published_root() %}
    {{- return(provender._project_path(provender._setting('published_path', 'published') ~ '/' ~ target.name)) -}}
{% endmacro %}


{#- DuckDB makes a folder when it writes a partitioned file into it; the empty file it leaves there is hidden. -#}
{% macro _make_folders(root) %}
    {%- do provender._make_folder(modules.re.sub('/[^/]*$', '', root)) -%}
    {%- do provender._make_folder(root) -%}
{% endmacro %}


{% macro _make_folder(path) %}
    {%- do run_query(
        "copy (select 1 as folder where false) to " ~ provender._text(path)
        ~ " (format parquet, per_thread_output true, overwrite_or_ignore true, filename_pattern '.', file_extension 'folder')"
    ) -%}
{% endmacro %}


{#- Written aside as `tmp_…`, then renamed into place: a reader sees the whole old file or the whole new one. -#}
{% macro _write_parquet(sql, path) %}
    {%- do run_query('copy (' ~ sql ~ ') to ' ~ provender._text(path) ~ ' (format parquet, compression zstd, use_tmp_file true)') -%}
{% endmacro %}
