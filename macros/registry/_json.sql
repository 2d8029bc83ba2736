{#- One row per element of a JSON list. -#}
{% macro _json_elements(column) %}
    {{- return(adapter.dispatch('_json_elements', 'provender')(column)) -}}
{% endmacro %}


{% macro duckdb___json_elements(column) -%}
    unnest(from_json({{ column }}, '["json"]'))
{%- endmacro %}


{#- A member of a JSON object as text; a JSON null is null. -#}
{% macro _json_text(column, name) %}
    {{- return(adapter.dispatch('_json_text', 'provender')(column, name)) -}}
{% endmacro %}


{% macro duckdb___json_text(column, name) -%}
    json_extract_string({{ column }}, '$.{{ name }}')
{%- endmacro %}


{#- A member of a JSON object as it stands, still JSON. -#}
{% macro _json_member(column, name) %}
    {{- return(adapter.dispatch('_json_member', 'provender')(column, name)) -}}
{% endmacro %}


{% macro duckdb___json_member(column, name) -%}
    cast(json_extract({{ column }}, '$.{{ name }}') as varchar)
{%- endmacro %}


{#- A row of the relation of that alias as a JSON object. -#}
{% macro _row_as_json(alias) %}
    {{- return(adapter.dispatch('_row_as_json', 'provender')(alias)) -}}
{% endmacro %}


{% macro duckdb___row_as_json(alias) -%}
    cast(to_json({{ alias }}) as varchar)
{%- endmacro %}


{#- One row per key of a member that is a JSON object. -#}
{% macro _json_keys(column, name) %}
    {{- return(adapter.dispatch('_json_keys', 'provender')(column, name)) -}}
{% endmacro %}


{% macro duckdb___json_keys(column, name) -%}
    unnest(json_keys({{ column }}, '$.{{ name }}'))
{%- endmacro %}


{#- How many members a JSON object has; 0 for none. -#}
{% macro _json_size(column) %}
    {{- return(adapter.dispatch('_json_size', 'provender')(column)) -}}
{% endmacro %}


{% macro duckdb___json_size(column) -%}
    coalesce(len(json_keys({{ column }})), 0)
{%- endmacro %}
