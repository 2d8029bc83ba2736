{% macro print_config(where) %}
    {%- if execute -%}
        {%- set node = graph.nodes['model.shop.clicks'] -%}
        {{ print('CONFIG ' ~ tojson([where, provender.feature_view_config(node), provender.feature_view_origin(node)])) }}
    {%- endif -%}
{% endmacro %}
