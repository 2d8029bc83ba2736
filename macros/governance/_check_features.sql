{% macro _check_features(node, entities) %}
    {%- set keys = provender._entity_key_names(provender.feature_view_config(node).get('entity'), entities) -%}
    {%- set found = [] -%}
    {#- Without a known entity the keys are not known either: then only what says `feature` is looked at. -#}
    {%- for column in provender._feature_columns(node, keys) if keys or provender._meta(column, 'feature') is not none -%}
        {%- set where = provender._label(node) ~ '.' ~ column.name -%}
        {%- set declared = provender._meta(column, 'feature') -%}
        {%- do found.extend(
            provender._check_name(where, column.name) + provender._check_reserved(where, column.name)
            + provender._check_feature_type(where, column.data_type)
            + ([] if declared is none else provender._unknown_keys(where, 'feature', declared, provender._feature_keys()))
            + provender._check_default(where, provender._meta_mapping(column, 'feature'), column.data_type)
            + provender._check_null_ratio(where, provender._meta_mapping(column, 'feature'))
            + provender._check_tolerance(where, provender._meta_mapping(column, 'feature'), column.data_type)
            + provender._check_renamed(where, node, provender._meta_mapping(column, 'feature').get('renamed_from'))
            + provender._check_not_duplicate_of(where, provender._meta_mapping(column, 'feature'))
        ) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_feature_type(where, data_type) %}
    {%- if data_type is none or provender._type_class(data_type) is not none -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(
        where, 'a type the online store cannot hold', data_type,
        'Cast it to an integer, double, decimal, boolean, text, date or timestamp (without time zone)'
    )]) -}}
{% endmacro %}


{% macro _check_default(where, declared, data_type) %}
    {%- if 'default' not in declared -%}
        {{- return([provender._violation(
            where, 'a feature without `default`', 'nothing', 'Write `config: {meta: {feature: {default: …}}}`; `default: null` means null'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- set wanted = provender._wanted_default(declared.default, data_type) -%}
    {%- if wanted is not none -%}
        {%- do found.append(provender._violation(
            where, '`default` does not fit ' ~ data_type, provender._shown(declared.default), wanted
        )) -%}
    {%- endif -%}
    {%- if declared.get('null_is') not in [none, 'null', 'default'] -%}
        {%- do found.append(provender._violation(where, '`null_is` is not one of its values', provender._shown(declared.null_is), 'Write null or default')) -%}
    {%- elif declared.get('null_is') == 'default' and declared.default is none -%}
        {%- do found.append(provender._violation(where, '`null_is: default` with a default of null', 'null', 'Give a default, or leave null_is out')) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_null_ratio(where, declared) %}
    {%- set ratio = declared.get('max_null_ratio', 0) -%}
    {%- if (ratio is integer or ratio is float) and 0 <= ratio <= 1 -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(where, '`max_null_ratio` is not a share', provender._shown(ratio), 'Write a number from 0 to 1')]) -}}
{% endmacro %}


{#- How far apart two numbers may be and still count as equal, when what was served is compared with history and with events. -#}
{% macro _check_tolerance(where, declared, data_type) %}
    {%- set tolerance = declared.get('tolerance') -%}
    {%- if tolerance is none -%}
        {{- return([]) -}}
    {%- elif provender._type_class(data_type) not in ['integer', 'double', 'decimal'] -%}
        {{- return([provender._violation(where, '`tolerance` of what is no number', data_type, 'Leave it out')]) -}}
    {%- elif not (tolerance is integer or tolerance is float) or tolerance is boolean or tolerance < 0 -%}
        {{- return([provender._violation(where, '`tolerance` is not a number from 0 up', provender._shown(tolerance), 'Write the largest difference that counts as equal')]) -}}
    {%- endif -%}
    {{- return([]) -}}
{% endmacro %}


{#- The old name of a feature is a feature of another version of the view, and of this one no more. -#}
{% macro _check_renamed(where, node, before) %}
    {%- if before is none -%}
        {{- return([]) -}}
    {%- elif before is not string -%}
        {{- return([provender._violation(where, '`renamed_from` is not a name', provender._shown(before), 'Write the name it had in the version before')]) -}}
    {%- elif before in node.columns -%}
        {{- return([provender._violation(where, '`renamed_from` is a column of this version', provender._shown(before), 'Keep one of them, or leave `renamed_from` out')]) -}}
    {%- endif -%}
    {%- set known = [] -%}
    {%- for other in provender._feature_view_nodes() if other.name == node.name and other.unique_id != node.unique_id -%}
        {%- do known.extend(other.columns | list) -%}
    {%- endfor -%}
    {%- if before in known -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set nearest = provender._nearest(before, known) -%}
    {{- return([provender._violation(
        where, '`renamed_from` is no feature of another version of the view', provender._shown(before),
        'Did you mean `' ~ nearest ~ '`? It is what the feature was called in another version' if nearest else 'It has no other version: leave it out'
    )]) -}}
{% endmacro %}
