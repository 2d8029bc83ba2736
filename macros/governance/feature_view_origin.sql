{% macro feature_view_origin(node) %}
    {%- set origin = {} -%}
    {%- for layer in provender._feature_view_layers(node) -%}
        {%- for key in layer.declared -%}
            {%- do origin.update({key: layer.origin}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(origin) -}}
{% endmacro %}
