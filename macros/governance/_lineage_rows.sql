{#- One row per node and node it is built on, by dbt unique id: from the feature services up to the sources of their views. `nodes`: at
    least those, as the graph has them. -#}
{% macro _lineage_rows(views, nodes) %}
    {%- set ids = views | map(attribute='unique_id') | list -%}
    {%- set rows = [] -%}
    {%- for id in (ids + provender._ancestors_among(nodes, ids)) | unique(case_sensitive=true) -%}
        {%- for parent in provender._read_by(nodes[id]) | unique(case_sensitive=true) -%}
            {%- do rows.append({'node': id, 'built_on': parent}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for service in provender._service_nodes() if service.type == 'ml' -%}
        {%- for parent in service.depends_on.nodes | unique(case_sensitive=true) if parent in ids -%}
            {%- do rows.append({'node': service.unique_id, 'built_on': parent}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows | sort(attribute='node,built_on', case_sensitive=true), {'node': 'varchar', 'built_on': 'varchar'})) -}}
{% endmacro %}
