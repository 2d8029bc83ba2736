{% macro feature_view_config(node) %}
    {%- set config = {} -%}
    {%- for layer in provender._feature_view_layers(node) -%}
        {%- do config.update(layer.declared) -%}
    {%- endfor -%}
    {{- return(config) -}}
{% endmacro %}
