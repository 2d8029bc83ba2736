{#- A SELECT of one row per dict, typed by `columns` {name: type}; lists and mappings become JSON text. No dict, no row. -#}
{% macro _rows(dicts, columns) -%}
    select
        {%- for name, type in columns.items() %}
        cast({{ name }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        values
        {%- for row in dicts or [{}] %}
        (
            {%- for name in columns -%}
            {%- set value = row.get(name) -%}
            {{ provender._text(value if value is none or value is string or value is number else tojson(value)) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as declared ({{ columns | join(', ') }})
    {%- if not dicts %}
    where false
    {%- endif %}
{%- endmacro %}
