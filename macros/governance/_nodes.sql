{#- Nodes of one kind ('model', 'snapshot', 'seed', 'test') in any package, by unique_id. Reading a graph turns each node into a dict: only
    those kinds are, and once. -#}
{% macro _nodes(kind) %}
    {{- return(provender._once('nodes', provender._nodes_by_kind)[kind]) -}}
{% endmacro %}


{% macro _nodes_by_kind() %}
    {%- set kinds = {'model': [], 'snapshot': [], 'seed': [], 'test': []} -%}
    {%- for id in graph.nodes | sort(case_sensitive=true) if id.split('.')[0] in kinds -%}
        {%- do kinds[id.split('.')[0]].append(graph.nodes[id]) -%}
    {%- endfor -%}
    {{- return(kinds) -}}
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
