{#- One row per node and node it is built on, by dbt unique id: from the feature services up to the sources of their views. -#}
{% macro _lineage_rows() %}
    {%- set views = provender._feature_view_nodes() | map(attribute='unique_id') | list -%}
    {%- set rows = [] -%}
    {%- for id in provender._feature_lineage() if id in graph.nodes -%}
        {%- for parent in graph.nodes[id].depends_on.nodes | unique(case_sensitive=true) | sort(case_sensitive=true) -%}
            {%- do rows.append({'node': id, 'built_on': parent}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for service in provender._service_nodes() if service.type == 'ml' -%}
        {%- for parent in service.depends_on.nodes | unique(case_sensitive=true) | sort(case_sensitive=true) if parent in views -%}
            {%- do rows.append({'node': service.unique_id, 'built_on': parent}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'node': 'varchar', 'built_on': 'varchar'})) -}}
{% endmacro %}
