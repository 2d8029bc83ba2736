{% macro snapshot_feature_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
    {%- set view = provender._view_of_history(node) -%}
    {%- do provender._refuse_unsafe_run(node, view, target_exists) -%}
    {%- set keys = view['keys'] | map(attribute='name') | list -%}
    {%- set kept = provender._column_types(this) if target_exists else {} -%}
    {{- return({
        'unique_key': keys,
        'updated_at': provender.as_of(),
        'row_changed': provender._row_changed(view['features'], kept, snapshotted_rel, current_rel),
        'scd_id': provender._scd_id(keys),
        'hard_deletes': 'invalidate',
        'invalidate_hard_deletes': true,
    }) -}}
{% endmacro %}


{#- Null equals null. A column that history does not have yet was null there. -#}
{% macro _row_changed(features, kept, snapshotted_rel, current_rel) -%}
    (
        {%- for feature in features %}
        {%- if feature.name in kept %}
        {{ snapshotted_rel }}.{{ feature.name }} is distinct from {{ current_rel }}.{{ feature.name }}
        {%- else %}
        {{ current_rel }}.{{ feature.name }} is not null
        {%- endif %}
        {{- ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{#- Each key part carries its length, so that ('a|b', 'c') and ('a', 'b|c') stay two. -#}
{% macro _scd_id(keys) -%}
    md5(
        {%- for key in keys %}
        length(cast({{ key }} as varchar)) || ':' || cast({{ key }} as varchar) || '|' ||
        {%- endfor %} {{ provender._text(provender._as_of_text()) }}
    )
{%- endmacro %}


{% macro _view_of_history(node) %}
    {%- set views = provender.feature_views() | selectattr('unique_id', 'in', node.depends_on.nodes) | list -%}
    {%- if views | length != 1 -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ": strategy provender.feature keeps the history of one feature view, got " ~ views | length
            ~ ". Set `relation: ref('<view>')` to a model with `meta: {feature_view: …}`."
        ) -%}
    {%- endif -%}
    {{- return(views[0]) -}}
{% endmacro %}


{% macro _column_types(relation) %}
    {%- set types = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do types.update({column.name: column.data_type | lower}) -%}
    {%- endfor -%}
    {{- return(types) -}}
{% endmacro %}
