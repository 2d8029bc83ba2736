{#- What this invocation did to each view version: `success` when its history was written and nothing of it failed, `failed` when its
    model, its history or an error-severity test on either failed or was skipped for a failure. An invocation that did neither says nothing. -#}
{% macro _log_builds(results) %}
    {%- for view in provender.feature_views() -%}
        {%- set outcome = provender._build_outcome(view, results) -%}
        {%- if outcome -%}
            {%- set log = provender._log_relation('build_log') -%}
            {%- set own = 'view = ' ~ provender._text(view.name) ~ ' and version = ' ~ view.version -%}
            {%- do run_query(
                'insert into ' ~ log ~ ' select ' ~ [
                    provender._text(view.name), view.version, provender.as_of(), provender._text(invocation_id),
                    provender._later(log, 'finished_at', own), provender._text(outcome.status), provender._text(outcome.message),
                ] | join(', ')
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}


{% macro _build_outcome(view, results) %}
    {%- set history = view.history.unique_id -%}
    {%- set failures = [] -%}
    {%- set written = [] -%}
    {%- for result in results -%}
        {%- set node = result.node -%}
        {%- set is_own = node.unique_id in [view.unique_id, history] -%}
        {%- set tests_own = node.resource_type in ['test', 'unit_test'] and provender._tests_view(node, view) -%}
        {%- if (is_own or tests_own) and (result.status | string) in ['error', 'fail', 'runtime error', 'skipped', 'partial success'] -%}
            {%- do failures.append(node.name ~ ' ' ~ result.status ~ (': ' ~ result.message if result.message else '')) -%}
        {%- elif node.unique_id == history -%}
            {%- do written.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if failures -%}
        {{- return({'status': 'failed', 'message': failures | join('; ')}) -}}
    {%- elif written -%}
        {{- return({'status': 'success', 'message': none}) -}}
    {%- endif -%}
{% endmacro %}


{% macro _tests_view(test, view) %}
    {%- set ids = [view.unique_id, view.history.unique_id] -%}
    {{- return(test.depends_on.nodes | select('in', ids) | list | length > 0) -}}
{% endmacro %}
