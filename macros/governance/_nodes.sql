{#- Nodes of one kind ('model', 'snapshot') in any package, by unique_id. Only those are turned into dicts: graphs are large. -#}
{% macro _nodes(kind) %}
    {%- set nodes = [] -%}
    {%- for id in graph.nodes | sort(case_sensitive=true) if id.startswith(kind ~ '.') -%}
        {%- do nodes.append(graph.nodes[id]) -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{% macro _feature_view_nodes() %}
    {%- set nodes = [] -%}
    {%- for node in provender._nodes('model') if 'feature_view' in (node.config.get('meta') or {}) -%}
        {%- do nodes.append(node) -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{#- One entry of config.meta of a node, source, exposure or column; none when it is not there. -#}
{% macro _meta(node, key) %}
    {{- return(((node.get('config') or {}).get('meta') or {}).get(key)) -}}
{% endmacro %}


{#- The same as a mapping: {} when it is not there or is none. -#}
{% macro _meta_mapping(node, key) %}
    {%- set declared = provender._meta(node, key) -%}
    {{- return(declared if declared is mapping else {}) -}}
{% endmacro %}


{% macro _version(node) %}
    {{- return(1 if node.get('version') is none else node.version | int(0)) -}}
{% endmacro %}


{% macro _label(node) %}
    {{- return(node.name ~ '@' ~ (1 if node.get('version') is none else node.version)) -}}
{% endmacro %}
