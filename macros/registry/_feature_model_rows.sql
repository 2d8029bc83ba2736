{#- One row per model, seed and snapshot that is a feature view, an entity or a training set, or that one of them is made of. -#}
{% macro _feature_model_rows(nodes=none) %}
    {%- set nodes = provender._declared_nodes() if nodes is none else nodes -%}
    {%- set rows = [] -%}
    {%- for id, node in nodes.items() if not id.startswith('source.') and node.config.materialized != 'ephemeral' -%}
        {%- do rows.append({
            'unique_id': id, 'model': node.name, 'kind': node.resource_type | string, 'relation': node.relation_name,
            'columns': provender._declared_columns(node), 'built_on': provender._built_among(nodes, node.depends_on.nodes),
            'checksum': node.checksum.checksum, 'macros': provender._own_macros(node),
        }) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'unique_id': 'varchar', 'model': 'varchar', 'kind': 'varchar', 'relation': 'varchar', 'columns': 'varchar', 'built_on': 'varchar',
        'checksum': 'varchar', 'macros': 'varchar',
    })) -}}
{% endmacro %}


{#- These nodes, those of an ephemeral one for it: it is already inside the SQL that reads it. -#}
{% macro _built_among(nodes, ids) %}
    {%- set built = [] -%}
    {%- for id in ids -%}
        {%- if nodes[id].config.materialized == 'ephemeral' -%}
            {%- do built.extend(provender._built_among(nodes, nodes[id].depends_on.nodes)) -%}
        {%- else -%}
            {%- do built.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(built | unique(case_sensitive=true) | sort(case_sensitive=true)) -}}
{% endmacro %}


{#- {unique id: node} of feature views, entities and training sets, and of all that they descend from. A node of the graph is made
    anew each time it is asked for, so here each is asked for once. -#}
{% macro _declared_nodes() %}
    {%- set found = {} -%}
    {%- set todo = provender._declared_roots() if execute else [] -%}
    {%- set queued = dict.fromkeys(todo) -%}
    {%- for _ in range(graph.nodes | length + graph.sources | length if execute else 0) if todo -%}
        {%- set id = todo.pop() -%}
        {%- do found.update({id: graph.sources[id] if id in graph.sources else graph.nodes[id]}) -%}
        {%- for parent in provender._read_by(found[id]) if parent not in queued -%}
            {%- do queued.update({parent: none}) -%}
            {%- do todo.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(dict(found | dictsort)) -}}
{% endmacro %}


{#- Unique ids of what a node reads; [] for a source. -#}
{% macro _read_by(node) %}{{ return((node.get('depends_on') or {}).get('nodes') or []) }}{% endmacro %}


{#- Unique ids of what these descend from, by nodes that are at hand. -#}
{% macro _ancestors_among(nodes, ids) %}
    {%- set seen = {} -%}
    {%- set todo = ids | list -%}
    {%- for _ in range(ids | length + nodes | length) if todo -%}
        {%- for parent in provender._read_by(nodes[todo.pop()]) if parent not in seen -%}
            {%- do seen.update({parent: none}) -%}
            {%- do todo.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(seen | list) -}}
{% endmacro %}


{#- Training sets are those that call point_in_time_join, and those that a service names; it names the model of its label too. -#}
{% macro _declared_roots() %}
    {%- set ids = [] -%}
    {%- for node in provender._nodes('model') -%}
        {%- set meta = node.config.get('meta') or {} -%}
        {%- set is_entity = 'entity' in meta and node.version == node.latest_version -%}
        {%- if 'feature_view' in meta or is_entity or 'macro.provender.point_in_time_join' in node.depends_on.macros -%}
            {%- do ids.append(node.unique_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for service in provender._service_nodes() -%}
        {%- do ids.extend(provender._training_set_nodes(service).values()) -%}
        {%- do ids.append((provender._label_node(service) or {}).get('unique_id')) -%}
    {%- endfor -%}
    {{- return(ids | select | unique(case_sensitive=true) | list) -}}
{% endmacro %}


{#- [{name, type, description}] of a node's declared columns, in their order; the type as written, none where it is not. -#}
{% macro _declared_columns(node) %}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append({'name': column.name, 'type': provender._type_name(column.data_type), 'description': column.description}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
