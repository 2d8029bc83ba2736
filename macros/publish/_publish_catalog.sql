{#- A small DuckDB file of views over the published Parquet. It is made aside and renamed over the old one, so that a session that holds the
    old file open keeps it, and sees new runs all the same: its views read folders. -#}
{% macro _publish_catalog(root) %}
    {%- set building = root ~ '/.catalog.duckdb' -%}
    {%- do run_query('attach ' ~ provender._text(building) ~ ' as provender_catalog') -%}
    {%- for name, sql in provender._catalog_views(root).items() -%}
        {%- do run_query('create or replace view provender_catalog.main.' ~ name ~ ' as ' ~ sql) -%}
    {%- endfor -%}
    {%- do run_query('detach provender_catalog') -%}
    {%- do run_query(
        'copy (select content from read_blob(' ~ provender._text(building) ~ ')) to '
        ~ provender._text(root ~ '/catalog.duckdb') ~ ' (format blob, use_tmp_file true)'
    ) -%}
{% endmacro %}


{% macro _catalog_views(root) %}
    {%- set folders = run_query(
        "select distinct regexp_extract(file, '([^/]+)/[^/]+$', 1), regexp_extract(file, '(latest|as_of=|day=)[^/]*$', 1) from glob("
        ~ provender._text(root ~ '/*/*.parquet') ~ ") where regexp_matches(file, '/(latest|as_of=|day=)[^/]*$') order by all"
    ) -%}
    {%- set views = {} -%}
    {%- for folder in folders -%}
        {%- set files = provender._text(root ~ '/' ~ folder[0] ~ '/' ~ folder[1] ~ '*.parquet') -%}
        {%- set is_history = folder[1] == 'as_of=' and folder[0] != 'runs' -%}
        {#- A history row is published when it opens and again when it closes; the closed one is the later truth. -#}
        {%- do views.update({folder[0]:
            'select * from read_parquet(' ~ files ~ ', union_by_name = true, hive_partitioning = false)'
            ~ (' qualify row_number() over (partition by scd_id order by valid_to nulls last) = 1' if is_history else '')
        }) -%}
    {%- endfor -%}
    {%- if 'decisions' in views -%}
        {%- do views.update({
            'decision_views': provender._decision_views_sql('decisions'), 'decision_features': provender._decision_features_sql('decision_views'),
        }) -%}
    {%- endif -%}
    {{- return(views) -}}
{% endmacro %}
