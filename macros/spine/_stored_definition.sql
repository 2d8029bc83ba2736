{#- The view of that name and version among the feature views of the project. -#}
{% macro _view_node(view, v=none) %}
    {%- set named = provender.feature_views() | selectattr('name', 'equalto', view) | list -%}
    {%- if not named -%}
        {%- do exceptions.raise_compiler_error(
            "unknown feature view '" ~ view ~ "'. The views are: " ~ provender.feature_views() | map(attribute='name') | unique | join(', ') ~ "."
        ) -%}
    {%- endif -%}
    {%- set relation = (ref(view, v=v) if v else ref(view)).render() -%}
    {{- return(named | selectattr('relation_name', 'equalto', relation) | first) -}}
{% endmacro %}


{#- The last recorded definition of a view, its unique ids replaced by today's relations. -#}
{% macro _stored_definition(view) %}
    {%- set stored = provender._last_definition(view.unique_id, 'definition_sql') -%}
    {%- if not stored -%}
        {%- do exceptions.raise_compiler_error(
            "no stored definition of '" ~ view.label ~ "'. Build it first: dbt build --select +" ~ view.name ~ "."
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
        {%- set ns.sql = ns.sql.replace('"' ~ id ~ '"', provender._rendered_relation(id)) -%}
    {%- endfor -%}
    {{- return(ns.sql) -}}
{% endmacro %}
