{% macro entities() %}
    {%- if not execute -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return(provender._once('entities', provender._all_entities)) -}}
{% endmacro %}


{% macro _all_entities() %}
    {%- set entities = [] -%}
    {%- for node in provender._entity_nodes() -%}
        {%- do entities.append({
            'unique_id': node.unique_id,
            'name': node.name,
            'keys': provender._typed_columns(node, provender._declared_keys(node)),
            'relation_name': node.relation_name,
            'description': node.description,
        }) -%}
    {%- endfor -%}
    {{- return(entities) -}}
{% endmacro %}


{#- Of a versioned entity only the latest version counts, as in ref() without a version. -#}
{% macro _entity_nodes() %}
    {%- set nodes = [] -%}
    {%- for node in provender._nodes('model') if 'entity' in (node.config.get('meta') or {}) and node.version == node.latest_version -%}
        {%- do nodes.append(node) -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{#- The declared keys of an entity model as far as they are names; the contract check tells of the others. -#}
{% macro _declared_keys(node) %}
    {%- set keys = provender._meta_mapping(node, 'entity').get('keys') -%}
    {{- return(keys | select('string') | list if keys is iterable and keys is not string else []) -}}
{% endmacro %}


{% macro _entity_key_names(entity, entities) %}
    {%- set found = entities | selectattr('name', 'equalto', entity) | list -%}
    {{- return(found[0]['keys'] | map(attribute='name') | list if found else []) -}}
{% endmacro %}
