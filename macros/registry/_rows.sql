{#- A SELECT of one row per dict, typed by `columns` {name: type}; lists and mappings become JSON text. No dict, no row. -#}
{% macro _rows(dicts, columns) -%}
    {%- for row in dicts %}
    select
        {%- for name, type in columns.items() %}
        {%- set value = row.get(name) %}
        {%- set text = value if value is none or value is string or value is number else tojson(value) %}
        cast({{ provender._text(text) }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {%- for name, type in columns.items() %}
        cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}
