{#- A small DuckDB file of views over the published Parquet. It is made aside and renamed over the old one, so that a session that holds the
    old file open keeps it, and sees new runs all the same: its views read folders. -#}
{% macro _publish_catalog(root) %}
    {%- set building = root ~ '/.catalog.duckdb' -%}
    {%- do run_query('attach ' ~ provender._text(building) ~ ' as provender_catalog') -%}
    {%- set views = provender._catalog_views(root) -%}
    {%- for name, sql in views.items() -%}
        {%- do run_query('create or replace view provender_catalog.main.' ~ name ~ ' as ' ~ sql) -%}
    {%- endfor -%}
    {%- if 'decisions' in views -%}
        {#- unlike a view, a macro is bound where it is made -#}
        {%- set here = run_query('select current_database(), current_schema()')[0] -%}
        {%- do run_query('use provender_catalog.main') -%}
        {%- do run_query(
            'create or replace macro provender_catalog.main.decision_audit(wanted) as table ' ~ provender._published_audit_sql(root, views)
        ) -%}
        {%- do run_query('use ' ~ adapter.quote(here[0]) ~ '.' ~ adapter.quote(here[1])) -%}
    {%- endif -%}
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
        {%- for name, columns in provender._audited_later().items() if name not in views -%}
            {%- do views.update({name: 'select ' ~ columns ~ ' where false'}) -%}
        {%- endfor -%}
        {%- do views.update({'wrong_decisions': provender._wrong_decisions_sql('decision_witnesses')}) -%}
    {%- endif -%}
    {{- return(views) -}}
{% endmacro %}


{#- What an audit reads and is not there until a monitor, or outcomes, were built: name -> columns. -#}
{% macro _audited_later() %}
    {{- return({
        'decision_witnesses': 'null::varchar as decision_id, null::timestamp as decided_at, null::timestamp as read_at, null::varchar as service, '
            ~ 'null::varchar as view, null::integer as version, null::timestamp as as_of, null::bigint as generation, null::varchar as status, '
            ~ 'null::varchar as not_compared, null::varchar as not_recomputed, null::boolean as in_history, null::boolean as in_recomputation, '
            ~ 'null::' ~ provender._differing_type() ~ ' as differing',
        'decision_outcomes': 'null::varchar as decision_id, null::varchar as outcome',
    }) -}}
{% endmacro %}


{#- Histories are read from their files: of the views over them, DuckDB would order all rows before it looks for one key. -#}
{% macro _published_audit_sql(root, views) %}
    {%- set histories = {} -%}
    {%- for view in provender._logged_views() if view.history in views -%}
        {%- do histories.update({view.history:
            'read_parquet(' ~ provender._text(root ~ '/' ~ view.history ~ '/as_of=*.parquet') ~ ', union_by_name = true, hive_partitioning = false)'
        }) -%}
    {%- endfor -%}
    {%- set relations = {'witnesses': 'decision_witnesses', 'outcomes': 'decision_outcomes'} -%}
    {%- for name in ['decisions', 'decision_views', 'decision_features', 'definitions', 'runs'] -%}
        {%- do relations.update({name: name}) -%}
    {%- endfor -%}
    {{- return(provender._decision_audit_sql('wanted', relations, histories)) -}}
{% endmacro %}
