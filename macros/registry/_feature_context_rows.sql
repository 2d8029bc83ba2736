{#- What a definition depends on that is neither model nor source: one row per macro that such a model calls, per var that model or macro
    names, per dbt group. What changed of them tells why compiled SQL is another though nobody edited the model. -#}
{% macro _feature_context_rows(nodes=none) %}
    {%- set nodes = provender._declared_nodes() if nodes is none else nodes -%}
    {%- set macros = provender._called_macros(nodes) -%}
    {%- set rows = [] -%}
    {%- for id, macro in macros.items() -%}
        {%- do rows.append({'kind': 'macro', 'name': id, 'value': {'checksum': local_md5(macro.macro_sql), 'calls': macro.depends_on.macros | list}}) -%}
    {%- endfor -%}
    {%- for name in provender._named_vars(nodes, macros) -%}
        {%- do rows.append({'kind': 'var', 'name': name, 'value': tojson(provender._plain(var(name, none)))}) -%}
    {%- endfor -%}
    {%- for group in (graph.groups if execute else {}).values() -%}
        {%- do rows.append({'kind': 'group', 'name': group.name, 'value': {'name': group.owner.get('name'), 'email': group.owner.get('email')}}) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'kind': 'varchar', 'name': 'varchar', 'value': 'varchar'})) -}}
{% endmacro %}


{#- {unique id: macro} of those that these models call, and that those call; dbt's own are left out. -#}
{% macro _called_macros(nodes) %}
    {%- set found = {} -%}
    {%- set todo = [] -%}
    {%- for id, node in nodes.items() if not id.startswith('source.') -%}
        {%- do todo.extend(provender._own_macros(node)) -%}
    {%- endfor -%}
    {%- for _ in range(10000) if todo -%}
        {%- set id = todo.pop() -%}
        {%- if id not in found -%}
            {%- set package, name = id.split('.')[1:3] -%}
            {%- set macro = (context.get(package) or {}).get(name) if package not in ['dbt', 'dbt_' ~ target.type] else none -%}
            {%- do found.update({id: macro.macro if macro else none}) -%}
            {%- do todo.extend(macro.macro.depends_on.macros if macro else []) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set known = {} -%}
    {%- for id, macro in found.items() if macro -%}
        {%- do known.update({id: macro}) -%}
    {%- endfor -%}
    {{- return(known) -}}
{% endmacro %}


{#- Unique ids of the macros in the code of a model; dbt counts those of its hooks too. -#}
{% macro _own_macros(node) %}
    {%- set hooks = ['macro.provender.record_definition', 'macro.provender.log_run'] -%}
    {{- return(node.depends_on.macros | reject('in', hooks) | unique(case_sensitive=true) | sort(case_sensitive=true)) -}}
{% endmacro %}


{#- Names of the vars that models and macros ask for, but for those that say when a run is. -#}
{% macro _named_vars(nodes, macros) %}
    {%- set code = [] -%}
    {%- for id, node in nodes.items() if not id.startswith('source.') -%}
        {%- do code.append(node.raw_code or '') -%}
    {%- endfor -%}
    {%- for macro in macros.values() -%}
        {%- do code.append(macro.macro_sql) -%}
    {%- endfor -%}
    {%- set names = modules.re.findall('(?<!\\w)var\\(\\s*[\'"](\\w+)[\'"]', code | join('\n')) -%}
    {{- return(
        names | reject('in', ['as_of', 'rehearsal', 'landed_until', 'allow_shrink']) | unique(case_sensitive=true) | sort(case_sensitive=true)
    ) -}}
{% endmacro %}
