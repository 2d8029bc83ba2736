{#- The features of a view in the order of its columns. -#}
{% macro _features(node, keys) %}
    {%- set features = [] -%}
    {%- for column in provender._feature_columns(node, keys) -%}
        {%- set declared = provender._meta_mapping(column, 'feature') -%}
        {%- set type = provender._type_name(column.data_type) -%}
        {%- do features.append({
            'name': column.name,
            'type': type,
            'default': provender._plain_default(declared.get('default'), type),
            'null_is': 'null' if declared.get('null_is') is none else declared.null_is,
            'max_null_ratio': declared.get('max_null_ratio'),
            'tolerance': declared.get('tolerance'),
        }) -%}
    {%- endfor -%}
    {{- return(features) -}}
{% endmacro %}


{#- Every column of a view that is neither a key nor as_of. -#}
{% macro _feature_columns(node, keys) %}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() if column.name not in keys + ['as_of'] -%}
        {%- do columns.append(column) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}


{#- [{name, type}] of the named columns; the type is none where the YAML does not say it. -#}
{% macro _typed_columns(node, names) %}
    {%- set typed = [] -%}
    {%- for name in names -%}
        {%- do typed.append({'name': name, 'type': provender._type_name(node.columns.get(name, {}).get('data_type'))}) -%}
    {%- endfor -%}
    {{- return(typed) -}}
{% endmacro %}


{#- The snapshots that keep the history of a view version. -#}
{% macro _histories(node, snapshots) %}
    {%- set histories = [] -%}
    {%- for snapshot in snapshots if node.unique_id in snapshot.depends_on.nodes -%}
        {%- do histories.append(snapshot) -%}
    {%- endfor -%}
    {{- return(histories) -}}
{% endmacro %}
