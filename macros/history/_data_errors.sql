{#- What is wrong with the rows and columns that a run would write into history. -#}
{% macro _row_errors(view) %}
    {%- set keys = view['keys'] | map(attribute='name') | list -%}
    {%- set null_key = keys | join(' is null or ') ~ ' is null' -%}
    {%- set found = run_query(
        "select count(*), count(*) filter (where " ~ null_key ~ "), count(distinct (" ~ keys | join(', ') ~ ")) filter (where not (" ~ null_key ~ ")),"
        ~ " count(*) filter (where as_of is distinct from " ~ provender.as_of() ~ "), cast(min(as_of) as varchar), cast(max(as_of) as varchar)"
        ~ " from " ~ view.relation_name
    )[0] -%}
    {%- set errors = [] -%}
    {%- if found[0] == 0 -%}
        {%- do errors.append('the view has no rows. An empty view would close every row of history; see why its spine is empty.') -%}
    {%- endif -%}
    {%- if found[1] -%}
        {%- do errors.append(found[1] ~ ' rows with a null key (' ~ keys | join(', ') ~ '). Let the entity model drop them.') -%}
    {%- endif -%}
    {%- if found[0] - found[1] != found[2] -%}
        {%- do errors.append((found[0] - found[1] - found[2]) ~ ' rows with a key that another row has (' ~ keys | join(', ') ~ '). A view has one row per spine row: look for a join that multiplies.') -%}
    {%- endif -%}
    {%- if found[3] -%}
        {%- do errors.append('the view holds rows as of ' ~ found[4] ~ ' to ' ~ found[5] ~ ', not of this run (' ~ provender._as_of_text() ~ '): another run computed it. Build the view and its history together: dbt build --select +' ~ view.name ~ '+.') -%}
    {%- endif -%}
    {{- return(errors) -}}
{% endmacro %}


{% macro _column_errors(view, target_exists) %}
    {%- set errors = [] -%}
    {%- set kept = provender._column_types(this) if target_exists else {} -%}
    {%- set node = graph.nodes[view.unique_id] -%}
    {%- set new = provender._column_types(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
    {%- for key in view['keys'] if kept and key.name not in kept -%}
        {%- do errors.append("key '" ~ key.name ~ "' is new. Other keys are a new version of the view.") -%}
    {%- endfor -%}
    {%- for name, type in kept.items() if name not in ['valid_from', 'valid_to', 'scd_id', 'updated_at'] -%}
        {%- if name not in new -%}
            {%- do errors.append("column '" ~ name ~ "' is gone. A removed column is a new version of the view.") -%}
        {%- elif new[name] != type -%}
            {%- do errors.append("column '" ~ name ~ "' was " ~ type ~ " and is now " ~ new[name] ~ ". A retyped column is a new version of the view.") -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}
