{#- The keys of a view are those of its entity. -#}
{% macro _check_keys(node, entities) %}
    {%- set label = provender._label(node) -%}
    {%- set config = provender.feature_view_config(node) -%}
    {%- if 'entity' not in config -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set named = entities | selectattr('name', 'equalto', config.entity) | list -%}
    {%- if not named -%}
        {%- set names = entities | map(attribute='name') | list -%}
        {{- return([provender._violation(
            label, 'unknown entity', provender._shown(config.entity),
            ('Did you mean `' ~ provender._nearest(config.entity, names) ~ '`? ' if names else '')
            ~ 'An entity is a model with `config: {meta: {entity: {keys: […]}}}`'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- if named[0].unique_id not in node.depends_on.nodes -%}
        {%- do found.append(provender._violation(
            label, 'does not read its entity', 'no ref to ' ~ config.entity,
            "Select from its spine: `from {{ provender.spine('" ~ config.entity ~ "') }} as spine`"
        )) -%}
    {%- endif -%}
    {%- for key in named[0]['keys'] -%}
        {%- do found.extend(provender._check_view_key(label, key, config.entity, node.columns)) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_view_key(label, key, entity, columns) %}
    {%- if key.name not in columns -%}
        {{- return([provender._violation(
            label, 'key `' ~ key.name ~ '` of its entity is not a column of it', columns | join(', ') or 'no columns', 'Select the key and declare it'
        )]) -}}
    {%- endif -%}
    {%- set type = provender._type_name(columns[key.name].data_type) -%}
    {%- if type is not none and key.type is not none and not provender._same_type(type, key.type) -%}
        {{- return([provender._violation(
            label, 'key `' ~ key.name ~ '` has another type than in entity ' ~ entity, type ~ ' instead of ' ~ key.type, 'Use the type of the entity'
        )]) -}}
    {%- endif -%}
    {{- return([]) -}}
{% endmacro %}


{#- Spellings of one type are the same: int and integer, varchar and text. -#}
{% macro _same_type(left, right) %}
    {%- set class = provender._type_class(left) -%}
    {{- return(left == right or (
        class is not none and class != 'decimal' and class == provender._type_class(right)
        and provender._integer_range(left) == provender._integer_range(right)
    )) -}}
{% endmacro %}
