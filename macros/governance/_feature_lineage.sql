{#- Unique ids of the feature views and of everything they descend from. -#}
{% macro _feature_lineage() %}
    {{- return(provender._once('feature_lineage', provender._walk_lineage)) -}}
{% endmacro %}


{% macro _walk_lineage() %}
    {%- set lineage = [] -%}
    {%- for node in provender._feature_view_nodes() -%}
        {%- do lineage.extend([node.unique_id] + provender._ancestors(node.unique_id)) -%}
    {%- endfor -%}
    {{- return(lineage | unique(case_sensitive=true) | sort) -}}
{% endmacro %}


{#- Unique ids of the models, snapshots, seeds and sources a node descends from. -#}
{% macro _ancestors(unique_id) %}
    {%- set seen = [] -%}
    {%- set todo = [unique_id] -%}
    {%- for _ in range(graph.nodes | length + graph.sources | length) if todo -%}
        {%- set id = todo.pop() -%}
        {%- for parent in (graph.nodes[id].depends_on.nodes if id in graph.nodes else []) if parent not in seen -%}
            {%- do seen.append(parent) -%}
            {%- do todo.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(seen | sort) -}}
{% endmacro %}
