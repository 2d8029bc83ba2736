{#- A declared type in one spelling: lower case, single spaces. -#}
{% macro _type_name(data_type) %}
    {{- return(none if data_type is none else (data_type | string | lower).split() | join(' ')) -}}
{% endmacro %}


{#- What the online store holds a type as: integer, double, decimal, boolean, text, date, timestamp; none when it cannot. -#}
{% macro _type_class(data_type) %}
    {%- set name = modules.re.sub(' ?\\([^)]*\\)', '', provender._type_name(data_type) or '') -%}
    {%- set classes = {
        'double': ['double', 'double precision', 'float', 'float4', 'float8', 'float64', 'real'],
        'decimal': ['decimal', 'dec', 'numeric', 'number', 'bignumeric', 'bigdecimal'],
        'boolean': ['boolean', 'bool', 'logical'],
        'text': ['text', 'varchar', 'string', 'char', 'character', 'character varying', 'bpchar', 'nvarchar', 'nchar'],
        'date': ['date'],
        'timestamp': ['timestamp', 'timestamp without time zone', 'timestamp_ntz', 'datetime', 'datetime2'],
    } -%}
    {%- for class, names in classes.items() if name in names -%}
        {{- return(class) -}}
    {%- endfor -%}
    {{- return('integer' if provender._integer_range(name) else none) -}}
{% endmacro %}


{#- (lowest, highest) of an integer type; none for any other. -#}
{% macro _integer_range(data_type) %}
    {%- set bits = {
        8: ['tinyint', 'int1', 'byte', 'byteint'], 16: ['smallint', 'int2', 'short', 'int16'],
        32: ['integer', 'int', 'int4', 'signed', 'int32'], 64: ['bigint', 'int8', 'long', 'int64'],
        128: ['hugeint', 'int128'],
    } -%}
    {%- for size, names in bits.items() -%}
        {%- if data_type in names -%}
            {{- return((-(2 ** (size - 1)), 2 ** (size - 1) - 1)) -}}
        {%- elif data_type and data_type[0] == 'u' and data_type[1:] in names -%}
            {{- return((0, 2 ** size - 1)) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}
