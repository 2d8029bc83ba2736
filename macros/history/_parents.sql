{#- Per ancestor model that is built: its last recorded fingerprint. A source or seed counts by its name alone. -#}
{% macro _parent_fingerprints(node) %}
    {%- set parents = {} -%}
    {%- for id in provender._built_parents(node.depends_on.nodes) -%}
        {%- do parents.update({id: provender._last_fingerprint(id) if id.startswith('model.') else id}) -%}
    {%- endfor -%}
    {{- return(parents) -}}
{% endmacro %}


{#- An ephemeral model is already inside the compiled SQL; what it is built on counts. -#}
{% macro _built_parents(ids) %}
    {%- set built = [] -%}
    {%- for id in ids | sort -%}
        {%- set node = graph.nodes[id] if id in graph.nodes else none -%}
        {%- if node and node.config.materialized == 'ephemeral' -%}
            {%- do built.extend(provender._built_parents(node.depends_on.nodes)) -%}
        {%- else -%}
            {%- do built.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(built | unique(case_sensitive=true) | list) -}}
{% endmacro %}


{% macro _last_fingerprint(unique_id) %}
    {%- set found = provender._last_definition(unique_id, 'fingerprint') -%}
    {%- if found == provender._partial() -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ ": reads '" ~ unique_id ~ "', which was last built with --empty or --sample. Build both whole: dbt build --select +" ~ model.name ~ "."
        ) -%}
    {%- endif -%}
    {%- if not found -%}
        {%- do exceptions.raise_compiler_error(
            "record_definition: no recorded definition of '" ~ unique_id ~ "'. Put `+post-hook: \"{{ provender.record_definition() }}\"` "
            ~ "on the models in dbt_project.yml and build it once: dbt build --select +" ~ model.name ~ "."
        ) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- One column of the last recorded definition of a model, none when it was never built. -#}
{% macro _last_definition(unique_id, column) %}
    {%- if not load_relation(provender._log_relation('definition_log')) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set rows = run_query(
        "select " ~ column ~ " from " ~ provender._log_relation('definition_log')
        ~ " where unique_id = " ~ provender._text(unique_id) ~ " and " ~ column ~ " is not null order by recorded_at desc, fingerprint limit 1"
    ) -%}
    {{- return(rows[0][0] if rows | length else none) -}}
{% endmacro %}
