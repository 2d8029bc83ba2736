{% macro _check_entities() %}
    {%- set found = [] -%}
    {%- for node in provender._entity_nodes() -%}
        {%- set where = 'entity ' ~ node.name -%}
        {%- set keys = provender._declared_keys(node) -%}
        {%- do found.extend(provender._unknown_keys(where, 'entity', provender._meta(node, 'entity'), ['keys'])) -%}
        {%- set given = provender._meta_mapping(node, 'entity').get('keys') -%}
        {%- if not keys or keys | length != given | length or keys | unique(case_sensitive=true) | list != keys -%}
            {%- do found.append(provender._violation(
                where, 'no keys, or not a list of different column names', provender._shown(given), 'Write `entity: {keys: [customer_id]}`'
            )) -%}
        {%- endif -%}
        {%- for key in provender._typed_columns(node, keys) -%}
            {%- do found.extend(provender._check_key(where, key, node.columns)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_key(where, key, columns) %}
    {%- set held = ['integer', 'text', 'boolean', 'date', 'timestamp'] -%}
    {%- if key.name not in columns -%}
        {{- return([provender._violation(
            where, 'key `' ~ key.name ~ '` is not a column of it', columns | join(', ') or 'no columns', 'Declare the column with its data_type'
        )]) -}}
    {%- elif key.type is none -%}
        {{- return([provender._violation(where, 'key `' ~ key.name ~ '` has no type', 'no data_type', 'Declare the data_type of the column')]) -}}
    {%- elif provender._type_class(key.type) not in held -%}
        {{- return([provender._violation(
            where, 'key `' ~ key.name ~ '` has a type that no online key can hold', key.type, 'Cast it to one of: ' ~ held | join(', ')
        )]) -}}
    {%- endif -%}
    {{- return(provender._check_name(where ~ '.' ~ key.name, key.name) + provender._check_reserved(where ~ '.' ~ key.name, key.name)) -}}
{% endmacro %}
