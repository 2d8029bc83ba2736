{#- One row per source table that a feature view, an entity or a training set is made of, what our own hooks and commands write left out. -#}
{% macro _feature_source_rows(nodes=none) %}
    {%- set nodes = provender._declared_nodes() if nodes is none else nodes -%}
    {%- set rows = [] -%}
    {%- for id, node in nodes.items() if id.startswith('source.') and not id.startswith('source.provender.provender_log.') -%}
        {%- set contract = provender._meta_mapping(node, 'source_contract') -%}
        {%- do rows.append({
            'unique_id': id, 'source': node.source_name ~ '.' ~ node.name, 'relation': provender._rendered_relation(id),
            'description': node.description, 'columns': provender._declared_columns(node), 'owner': contract.get('owner'),
            'settle_seconds': provender.duration_seconds(contract.get('settle')), 'freshness': provender._declared_freshness(node),
        }) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'unique_id': 'varchar', 'source': 'varchar', 'relation': 'varchar', 'description': 'varchar', 'columns': 'varchar', 'owner': 'varchar',
        'settle_seconds': 'bigint', 'freshness': 'varchar',
    })) -}}
{% endmacro %}


{#- {warn_after: {count, period}, error_after: …} as far as a source declares it, its filter too. -#}
{% macro _declared_freshness(node) %}
    {%- set declared = {} -%}
    {%- set freshness = node.config.get('freshness') or node.get('freshness') or {} -%}
    {%- for bound in ['warn_after', 'error_after'] if (freshness.get(bound) or {}).get('count') is not none -%}
        {%- do declared.update({bound: {'count': freshness[bound].count, 'period': freshness[bound].period | string}}) -%}
    {%- endfor -%}
    {%- if declared and freshness.get('filter') -%}
        {%- do declared.update({'filter': freshness.filter}) -%}
    {%- endif -%}
    {{- return(declared) -}}
{% endmacro %}
