{#- The contract of a view: enforced, typed, keys and as_of first, at least one feature. -#}
{% macro _check_columns(node, entities) %}
    {%- set label = provender._label(node) -%}
    {%- set keys = provender._entity_key_names(provender.feature_view_config(node).get('entity'), entities) -%}
    {%- set found = [] -%}
    {%- if not (node.config.get('contract') or {}).get('enforced') -%}
        {%- do found.append(provender._violation(label, 'contract is not enforced', 'enforced: false', 'Set `config: {contract: {enforced: true}}`')) -%}
    {%- endif -%}
    {%- for column in node.columns.values() if column.data_type is none -%}
        {%- do found.append(provender._violation(label, 'column `' ~ column.name ~ '` has no type', 'no data_type', 'Write its data_type')) -%}
    {%- endfor -%}
    {%- if 'as_of' not in node.columns -%}
        {%- do found.append(provender._violation(
            label, 'no `as_of` column', node.columns | join(', ') or 'no columns', 'Select spine.as_of after the keys and declare it as timestamp'
        )) -%}
    {%- elif node.columns.as_of.data_type is not none and provender._type_class(node.columns.as_of.data_type) != 'timestamp' -%}
        {%- do found.append(provender._violation(
            label, '`as_of` is not a timestamp', node.columns.as_of.data_type, 'Declare it as timestamp, without time zone: it is UTC'
        )) -%}
    {%- endif -%}
    {%- set first = keys + ['as_of'] -%}
    {%- set order = node.columns | list -%}
    {%- if keys and first | reject('in', order) | list == [] and order[:first | length] != first -%}
        {%- do found.append(provender._violation(
            label, 'keys and as_of do not come first', order | join(', '), 'Order the columns: ' ~ first | join(', ') ~ ', then the features'
        )) -%}
    {%- endif -%}
    {%- if not provender._feature_columns(node, keys) -%}
        {%- do found.append(provender._violation(label, 'no feature', 'only keys and as_of', 'Declare at least one feature column')) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}
