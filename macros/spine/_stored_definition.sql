{#- The feature view of that name: the version asked for, else the latest. -#}
{% macro _view_node(view, v=none) %}
    {%- for known in provender.feature_views() if known.name == view -%}
        {%- if known.version == (v or graph.nodes[known.unique_id].latest_version or 1) -%}
            {{- return(known) -}}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "unknown feature view '" ~ view ~ ('@' ~ v if v else '') ~ "'. The views are: "
        ~ provender.feature_views() | map(attribute='label') | join(', ') ~ "."
    ) -%}
{% endmacro %}


{#- A recorded definition of a view, the last or that of a fingerprint, its unique ids replaced by today's relations, or by those given
    for them. -#}
{% macro _stored_definition(view, relations={}, fingerprint=none) %}
    {%- set stored = provender._last_definition(view.unique_id, 'definition_sql') if fingerprint is none else provender._definition_of(view, fingerprint) -%}
    {%- if not stored and invocation_args_dict.which not in ['build', 'run', 'retry', 'run-operation'] -%}
        {#- dbt compile, docs and linters, before the first build: nothing is computed from it -#}
        {{- return('select * from ' ~ view.relation_name) -}}
    {%- elif not stored -%}
        {%- do exceptions.raise_compiler_error(
            "no stored definition of '" ~ view.label ~ "'" ~ (' with fingerprint ' ~ fingerprint if fingerprint else '')
            ~ ". Build it first: dbt build --select +" ~ view.name ~ "."
        ) -%}
    {%- endif -%}
    {%- set ns = namespace(sql=stored) -%}
    {%- for id in modules.re.findall('"((?:model|source|seed|snapshot)\\.[^"]+)"', stored) | unique -%}
        {%- set known = graph.sources if id in graph.sources else graph.nodes -%}
        {%- if id not in known -%}
            {%- do exceptions.raise_compiler_error(
                "the stored definition of '" ~ view.label ~ "' reads '" ~ id ~ "', which this project no longer has. Build the view again."
            ) -%}
        {%- endif -%}
        {%- set ns.sql = ns.sql.replace('"' ~ id ~ '"', relations.get(id) or provender._rendered_relation(id)) -%}
    {%- endfor -%}
    {{- return(ns.sql) -}}
{% endmacro %}


{#- The SQL that a fingerprint stands for, unique ids and all; none when it was never recorded. -#}
{% macro _definition_of(view, fingerprint) %}
    {%- set rows = run_query(
        'select definition_sql from ' ~ provender._log_relation('definition_log')
        ~ ' where unique_id = ' ~ provender._text(view.unique_id) ~ ' and fingerprint = ' ~ provender._text(fingerprint) ~ ' limit 1'
    ) -%}
    {{- return(rows[0][0] if rows | length else none) -}}
{% endmacro %}
