{#- Everything that would damage history, said before anything is touched. Keys that vanish are counted where they are found, in
    snapshot_staging_table. -#}
{% macro _refuse_unsafe_run(node, view, target_exists) %}
    {%- set errors = provender._run_errors(node, view) -%}
    {%- if not errors -%}
        {%- set errors = provender._row_errors(view) + provender._column_errors(view, target_exists) -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error(provender._refusal(view) ~ errors | join('\n- ')) -%}
    {%- endif -%}
{% endmacro %}


{% macro _refusal(view) %}
    {{- return('history of ' ~ view.label ~ ' refused, nothing was changed:\n- ') -}}
{% endmacro %}


{% macro _run_errors(node, view) %}
    {%- set errors = [] -%}
    {%- if provender._sees_part() -%}
        {%- do errors.append('a run with --empty or --sample sees only part of the entities. Run without it, or exclude snapshots: --exclude resource_type:snapshot.') -%}
    {%- endif -%}
    {%- if provender.as_of() not in snapshot_get_time() -%}
        {%- do errors.append("deletes would be stamped by the wall clock. Put this in dbt_project.yml: `dispatch: [{macro_namespace: dbt, search_order: [provender, dbt]}]`.") -%}
    {%- endif -%}
    {%- if not provender._has_hook(node, 'provender.log_run') -%}
        {%- do errors.append('no run would be logged in the transaction that writes history. Put `+post-hook: "{{ provender.log_run() }}"` on the snapshots in dbt_project.yml.') -%}
    {%- endif -%}
    {%- set recorded = provender._last_definition(view.unique_id, 'fingerprint') -%}
    {%- if recorded == provender._partial() -%}
        {%- do errors.append('the view was last built with --empty or --sample and holds part of the truth. Build it whole: dbt build --select +' ~ view.name ~ '+.') -%}
    {%- elif not recorded or not provender._has_hook(graph.nodes[view.unique_id], 'provender.record_definition') -%}
        {%- do errors.append('its definition was not recorded. Put `+post-hook: "{{ provender.record_definition() }}"` on the models in dbt_project.yml and run dbt build.') -%}
    {%- endif -%}
    {%- if not var('rehearsal', false) and provender._as_of_text() > provender._now_text() -%}
        {%- do errors.append('as_of ' ~ provender._as_of_text() ~ ' is in the future, and history could not be continued before it. Correct --vars, or rehearse: --vars \'{rehearsal: true, as_of: …}\'.') -%}
    {%- endif -%}
    {%- set last = provender._last_run(view) -%}
    {%- if last and provender._as_of_text() <= last -%}
        {%- do errors.append('as_of ' ~ provender._as_of_text() ~ ' is at or before the last logged run (' ~ last ~ '). History only grows forward: run with a later as_of.') -%}
    {%- endif -%}
    {{- return(errors) -}}
{% endmacro %}


{#- Whether a node calls a macro after it is built, in the same transaction. -#}
{% macro _has_hook(node, name) %}
    {%- for hook in node.config.get('post-hook', []) if hook.transaction and name in hook.sql -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(false) -}}
{% endmacro %}


{#- The as_of of the last logged run of a view version as text, none when there is none. -#}
{% macro _last_run(view) %}
    {%- set rows = run_query(
        "select strftime(max(as_of), '%Y-%m-%d %H:%M:%S.%f') from " ~ provender._log_relation('run_log')
        ~ " where view = '" ~ view.name ~ "' and version = " ~ view.version
    ) -%}
    {{- return(rows[0][0]) -}}
{% endmacro %}
