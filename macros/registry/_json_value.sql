{#- A value from JSON text, in its declared type. -#}
{% macro _from_json(value, type) %}
    {{- return(adapter.dispatch('_from_json', 'provender')(value, type)) -}}
{% endmacro %}


{#- A number is read as it is written: a JSON parser would take an integer beyond 64 bits for a double. -#}
{% macro duckdb___from_json(value, type) -%}
    cast(case when {{ value }} like '"%' then json_extract_string({{ value }}, '$') else nullif({{ value }}, 'null') end as {{ type }})
{%- endmacro %}


{#- A value as JSON text by its declared type, as docs/formats.md says; a null is null. -#}
{% macro _to_json(value, type) %}
    {{- return(adapter.dispatch('_to_json', 'provender')(value, type)) -}}
{% endmacro %}


{% macro duckdb___to_json(value, type) -%}
    {%- set class = provender._type_class(type) -%}
    {%- if class == 'double' -%}
        case when isnan({{ value }}) then '"NaN"' when isinf({{ value }}) then case when {{ value }} > 0 then '"Infinity"' else '"-Infinity"' end else cast(cast({{ value }} as double) as varchar) end
    {%- elif class in ['decimal', 'date'] -%}
        '"' || cast({{ value }} as varchar) || '"'
    {%- elif class == 'timestamp' -%}
        '"' || strftime({{ value }}, '%Y-%m-%dT%H:%M:%S.%f') || '"'
    {%- elif class == 'text' -%}
        cast(to_json({{ value }}) as varchar)
    {%- else -%}
        cast({{ value }} as varchar)
    {%- endif -%}
{%- endmacro %}
