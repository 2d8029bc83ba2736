{#- The logs that readers need beside the runs, and each model built now that says `config.meta.publish`: `true`, whole, replaced at once;
    or `{by_day: COLUMN, order_by: COLUMN}`, what grows by days, of which only those that changed are written again. -#}
{% macro _publish_tables(root, views, results) %}
    {%- set nodes = provender._declared_nodes() -%}
    {%- set feature_views = provender._feature_view_rows(views) -%}
    {%- set feature_models = provender._feature_model_rows(nodes) -%}
    {%- set definitions -%}
        select logged.* exclude (unique_id) replace (coalesce(declared.owner, logged.owner) as owner)
        from {{ provender._log_relation('definition_log') }} as logged
        left join ({{ feature_views }}) as declared using (unique_id)
        where logged.view is not null
        qualify row_number() over (partition by logged.fingerprint order by logged.recorded_at, logged.invocation_id) = 1
    {%- endset -%}
    {%- set model_definitions -%}
        select logged.unique_id, logged.fingerprint, logged.definition_sql, logged.recorded_at
        from {{ provender._log_relation('definition_log') }} as logged
        inner join ({{ feature_models }}) as declared using (unique_id)
        where logged.definition_sql is not null
        qualify row_number() over (partition by logged.unique_id order by logged.recorded_at desc, logged.fingerprint) = 1
    {%- endset -%}
    {%- set store -%}
        select {{ provender._text(project_name) }} as project, {{ provender._text(target.name) }} as target, 1 as format
    {%- endset -%}
    {%- do provender._publish_table(root, 'definitions', definitions) -%}
    {%- do provender._publish_table(root, 'builds', 'select * from ' ~ provender._log_relation('build_log')) -%}
    {%- do provender._publish_table(root, 'monitors', provender._last_monitor_runs()) -%}
    {%- do provender._publish_table(root, 'training_sets', 'select * from ' ~ provender._log_relation('training_log')) -%}
    {%- do provender._publish_table(root, 'feature_views', feature_views) -%}
    {%- do provender._publish_table(root, 'features', provender._feature_rows(views)) -%}
    {%- do provender._publish_table(root, 'feature_services', provender._feature_service_rows(views)) -%}
    {%- do provender._publish_table(root, 'feature_entities', provender._feature_entity_rows()) -%}
    {%- do provender._publish_table(root, 'feature_sources', provender._feature_source_rows(nodes)) -%}
    {%- do provender._publish_table(root, 'feature_models', feature_models) -%}
    {%- do provender._publish_table(root, 'feature_context', provender._feature_context_rows(nodes)) -%}
    {%- do provender._publish_table(root, 'feature_tests', provender._feature_test_rows(views)) -%}
    {%- do provender._publish_table(root, 'model_definitions', model_definitions) -%}
    {%- do provender._publish_table(root, 'lineage', provender._lineage_rows(views, nodes)) -%}
    {%- do provender._publish_table(root, 'store', store) -%}
    {%- for result in results if result.status | string == 'success' and result.node.resource_type == 'model' -%}
        {%- set publish = (result.node.config.get('meta') or {}).get('publish') -%}
        {%- if publish is mapping -%}
            {%- do provender._publish_days(root, result.node.alias, result.node.relation_name, **publish) -%}
        {%- elif publish -%}
            {%- do provender._publish_table(root, result.node.alias, 'select * from ' ~ result.node.relation_name) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{% macro _publish_table(root, name, sql) %}
    {%- do provender._make_folder(root ~ '/' ~ name) -%}
    {%- do provender._write_parquet(sql, root ~ '/' ~ name ~ '/latest.parquet') -%}
{% endmacro %}
