{#- One row per model, seed and snapshot that is a feature view, an entity or a training set, or that one of them is made of. -#}
{% macro _feature_model_rows() %}
    {%- set rows = [] -%}
    {%- for id in provender._declared_nodes() if id in graph.nodes and not provender._is_ephemeral(id) -%}
        {%- set node = graph.nodes[id] -%}
        {%- do rows.append({
            'unique_id': id, 'model': node.name, 'kind': node.resource_type | string, 'relation': provender._rendered_relation(id),
            'columns': provender._declared_columns(node), 'built_on': provender._built_parents(node.depends_on.nodes),
            'checksum': node.checksum.checksum, 'macros': provender._own_macros(node),
        }) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'unique_id': 'varchar', 'model': 'varchar', 'kind': 'varchar', 'relation': 'varchar', 'columns': 'varchar', 'built_on': 'varchar',
        'checksum': 'varchar', 'macros': 'varchar',
    })) -}}
{% endmacro %}


{#- One row per source table that one of them is made of, what our own hooks and commands write left out. -#}
{% macro _feature_source_rows() %}
    {%- set rows = [] -%}
    {%- for id in provender._declared_nodes() if id in graph.sources and not id.startswith('source.provender.provender_log.') -%}
        {%- set node = graph.sources[id] -%}
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


{% macro _feature_entity_rows() %}
    {%- set rows = [] -%}
    {%- for entity in provender.entities() -%}
        {%- do rows.append(dict(entity, entity=entity.name)) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'entity': 'varchar', 'unique_id': 'varchar', 'keys': 'varchar', 'description': 'varchar'})) -}}
{% endmacro %}


{#- Unique ids of feature views, entities and training sets, and of all that they descend from. -#}
{% macro _declared_nodes() %}
    {%- if not execute -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set roots = provender._training_set_ids() -%}
    {%- for node in provender._feature_view_nodes() + provender._entity_nodes() -%}
        {%- do roots.append(node.unique_id) -%}
    {%- endfor -%}
    {{- return((roots + provender._ancestors(roots)) | unique(case_sensitive=true) | sort(case_sensitive=true)) -}}
{% endmacro %}


{#- Those that call point_in_time_join, and those that a service names. -#}
{% macro _training_set_ids() %}
    {%- set ids = [] -%}
    {%- for id, node in graph.nodes.items() if id.startswith('model.') and 'macro.provender.point_in_time_join' in node.depends_on.macros -%}
        {%- do ids.append(id) -%}
    {%- endfor -%}
    {%- for service in provender._service_nodes() -%}
        {%- do ids.extend(provender._training_set_nodes(service).values()) -%}
    {%- endfor -%}
    {{- return(ids) -}}
{% endmacro %}


{#- [{name, type, description}] of a node's declared columns, in their order; the type as written, none where it is not. -#}
{% macro _declared_columns(node) %}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append({'name': column.name, 'type': provender._type_name(column.data_type), 'description': column.description}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
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
