{#- Unique ids of the feature views and of everything they descend from. -#}
{% macro _feature_lineage() %}
    {{- return(provender._once('feature_lineage', provender._walk_lineage)) -}}
{% endmacro %}


{% macro _walk_lineage() %}
    {%- set views = provender._feature_view_nodes() | map(attribute='unique_id') | list -%}
    {{- return((views + provender._ancestors(views)) | unique(case_sensitive=true) | sort) -}}
{% endmacro %}


{#- Unique ids of the models, snapshots, seeds and sources that any of these nodes descends from. -#}
{% macro _ancestors(unique_ids) %}
    {%- set seen = {} -%}
    {%- set todo = unique_ids | list -%}
    {%- for _ in range(unique_ids | length + graph.nodes | length + graph.sources | length) if todo -%}
        {%- set id = todo.pop() -%}
        {%- for parent in (graph.nodes[id].depends_on.nodes if id in graph.nodes else []) if parent not in seen -%}
            {%- do seen.update({parent: true}) -%}
            {%- do todo.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(seen | sort) -}}
{% endmacro %}
