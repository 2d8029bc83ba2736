{#- `<view>_backfill`: keys, as_of and the features that were ever filled, in the types of the view's own table. A column without rows in
    backfill_log means nothing, so it may be made before the chunk that fills it. -#}
{% macro _make_backfill_table(asked) %}
    {%- set types = provender._column_types(provender._view_relation(asked.view)) -%}
    {%- set relation = provender._backfill_relation(asked.view) -%}
    {%- set wanted = {} -%}
    {%- for column in asked.view['keys'] | map(attribute='name') | list + ['as_of'] + asked.features -%}
        {%- do wanted.update({column: column ~ ' ' ~ types[column]}) -%}
    {%- endfor -%}
    {%- set kept = provender._kept_columns(asked.view) -%}
    {%- if not kept -%}
        {%- do run_query('create table ' ~ relation ~ ' (' ~ wanted.values() | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- for column in wanted if kept and column not in kept -%}
        {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ wanted[column]) -%}
    {%- endfor -%}
{% endmacro %}


{#- Columns that no longer are what the view has, and logged fillings whose column was removed by hand. -#}
{% macro _backfill_column_errors(asked) %}
    {%- set label = provender._backfill_relation(asked.view).identifier -%}
    {%- set types = provender._column_types(provender._view_relation(asked.view)) -%}
    {%- set kept = provender._kept_columns(asked.view) -%}
    {%- set errors = [] -%}
    {%- for column in asked.view['keys'] | map(attribute='name') | list + asked.features -%}
        {%- if column not in types -%}
            {%- do errors.append("the view's table has no column '" ~ column ~ "'. Build it first: dbt build --select +" ~ asked.view.name ~ '.') -%}
        {%- elif column in kept and kept[column] != types[column] -%}
            {%- do errors.append("column '" ~ column ~ "' of " ~ label ~ ' is ' ~ kept[column] ~ ' and the view now has ' ~ types[column] ~ '. A retyped column is a new version of the view.') -%}
        {%- elif column not in kept and provender._is_logged_as_filled(asked, column) -%}
            {%- do errors.append(
                label ~ " has no column '" ~ column ~ "', but backfill_log says that it was filled. Delete those rows of "
                ~ provender._log_relation('backfill_log') ~ ' to fill it anew.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{% macro _is_logged_as_filled(asked, feature) %}
    {%- if not load_relation(provender._log_relation('backfill_log')) -%}
        {{- return(false) -}}
    {%- endif -%}
    {{- return(run_query(
        'select count(*) from ' ~ provender._log_relation('backfill_log') ~ ' where ' ~ provender._own_backfill(asked)
        ~ ' and feature = ' ~ provender._text(feature)
    )[0][0] > 0) -}}
{% endmacro %}


{#- Column names and types of the backfill table; {} before there is one. -#}
{% macro _kept_columns(view) %}
    {%- set relation = load_relation(provender._backfill_relation(view)) -%}
    {{- return(provender._column_types(relation) if relation else {}) -}}
{% endmacro %}


{% macro _view_relation(view) %}
    {%- set node = graph.nodes[view.unique_id] -%}
    {{- return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -}}
{% endmacro %}
