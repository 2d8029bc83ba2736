{% macro log_run() %}
    {%- if not execute -%}
        {{- return('') -}}
    {%- endif -%}
    {%- set view = provender._view_of_history(model) -%}
    {%- set columns = view['features'] | map(attribute='name') | list -%}
    insert into {{ provender._log_relation('run_log') }}
    select
        {{ provender._text(view.name) }}, {{ view.version }}, {{ provender._text(this.identifier) }},
        {{ provender._text(provender._last_definition(view.unique_id, 'fingerprint')) }},
        {{ provender.as_of() }}, {{ provender._run_clock() }},
        (select count(*) from {{ this }} where valid_to is null),
        {{ provender._text(tojson(columns)) }},
        {{ provender._text(invocation_id) }}, {{ provender._text(provender._git_commit()) }}
{% endmacro %}
