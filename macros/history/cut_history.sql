{% macro cut_history() %}
    {%- if not execute -%}
        {{- return('') -}}
    {%- endif -%}
    {%- do provender._use_utc() -%}
    {%- do provender._create_log_tables() -%}
    {%- for view in provender.feature_views() if view.retention_seconds and view.history -%}
        {%- do provender._cut_history_of(view) -%}
    {%- endfor -%}
{% endmacro %}


{#- What no run since then needs: rows closed by then. Said in the log, in the transaction that cuts; from then on earlier runs do not answer. -#}
{% macro _cut_history_of(view) %}
    {%- set history = provender._history_relation(view) -%}
    {%- set kept_from = '(' ~ provender.as_of() ~ ' - ' ~ provender._seconds(view.retention_seconds) ~ ')' -%}
    {%- set rows = run_query('select count(*) from ' ~ history ~ ' where valid_to <= ' ~ kept_from)[0][0] if load_relation(history) else 0 -%}
    {%- if rows -%}
        {%- set logged = [
            provender._text(view.name), view.version, kept_from, rows, provender._run_clock(), provender._text(invocation_id), provender._text(provender._git_commit()),
        ] -%}
        {%- do run_query('insert into ' ~ provender._log_relation('cut_log') ~ ' select ' ~ logged | join(', ')) -%}
        {%- do run_query('delete from ' ~ history ~ ' where valid_to <= ' ~ kept_from) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {%- do log('cut_history: ' ~ view.label ~ ': ' ~ rows ~ ' rows cut, kept from ' ~ run_query('select cast(' ~ kept_from ~ ' as varchar)')[0][0] ~ ' on', info=true) -%}
{% endmacro %}


{#- Not its relation_name: dbt leaves that out of a snapshot whose YAML has no `config`. -#}
{% macro _history_relation(view) %}
    {%- set node = graph.nodes[view.history.unique_id] -%}
    {{- return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')) -}}
{% endmacro %}
