{#- A value from YAML as JSON can hold it: a date or time becomes text, however deep it lies. -#}
{% macro _plain(value) %}
    {%- if value is mapping -%}
        {%- set plain = {} -%}
        {%- for key, held in value.items() -%}
            {%- do plain.update({key | string: provender._plain(held)}) -%}
        {%- endfor -%}
        {{- return(plain) -}}
    {%- elif value is iterable and value is not string -%}
        {%- set plain = [] -%}
        {%- for held in value -%}
            {%- do plain.append(provender._plain(held)) -%}
        {%- endfor -%}
        {{- return(plain) -}}
    {%- endif -%}
    {{- return(value.isoformat() if value.isoformat is defined else value) -}}
{% endmacro %}
