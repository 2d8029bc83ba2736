{#- How each model tagged `monitor` ended: a monitor that fails finds nothing, and that must not look like peace. -#}
{% macro _log_monitors(results) %}
    {%- set rows = [] -%}
    {%- for result in results if result.node.resource_type == 'model' and 'monitor' in result.node.tags -%}
        {%- set status = 'success' if (result.status | string) == 'success' else 'failed' -%}
        {%- do rows.append('(' ~ [
            provender._text(result.node.name), provender.as_of(), provender._text(invocation_id), provender._run_clock(), provender._text(status),
            provender._text(none if status == 'success' else result.message),
        ] | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- do run_query('insert into ' ~ provender._log_relation('monitor_log') ~ ' values ' ~ rows | join(', ')) -%}
    {%- endif -%}
{% endmacro %}


{#- One row per monitor that the project has: how its last run ended, the as_of of the last that went well, and how old that may be. -#}
{% macro _last_monitor_runs() -%}
    {%- set names = [] -%}
    {%- for node in provender._nodes('model') if 'monitor' in node.tags -%}
        {%- do names.append(provender._text(node.name)) -%}
    {%- endfor -%}
    select
        monitor, as_of, status, message, succeeded_as_of,
        {{ provender.duration_seconds(provender._monitor_setting('health', 'monitors_max_age')) }} as max_age_seconds
    from (
        select
            *,
            max(case when status = 'success' then as_of end) over (partition by monitor) as succeeded_as_of,
            row_number() over (partition by monitor order by finished_at desc, as_of desc, status) as place
        from {{ provender._log_relation('monitor_log') }}
    ) as numbered
    where place = 1 and monitor in ({{ names | join(', ') or 'null' }})
{%- endmacro %}


{#- dbt says of a test only how many rows failed; these are the rows. A unit test is no node of the graph. -#}
{% macro _tell_findings(results) %}
    {%- for result in results if (result.status | string) in ['warn', 'fail'] and result.node.unique_id in graph.nodes -%}
        {%- set test = graph.nodes[result.node.unique_id] -%}
        {%- if (test.get('test_metadata') or {}).get('name') == 'nothing_found' and test.attached_node in graph.nodes -%}
            {%- set node = graph.nodes[test.attached_node] -%}
            {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
            {%- set found = run_query(
                "select monitor || ': ' || subject || coalesce('.' || feature, '') || ': ' || finding || coalesce(' Since ' || "
                ~ provender._said_at('since') ~ " || '.', '') || coalesce(' Owner: ' || owner || '.', '') || ' ' || what_to_do from ("
                ~ provender._alerts_of(node.name, relation) ~ ') as found order by since, subject, feature'
            ) -%}
            {%- for row in found.rows[:20] -%}
                {%- do log(row[0], info=true) -%}
            {%- endfor -%}
            {%- if found.rows | length > 20 -%}
                {%- do log(node.name ~ ': ' ~ (found.rows | length - 20) ~ ' more, in `select * from alerts`.', info=true) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
