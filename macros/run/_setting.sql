{#- A setting of the root project: `vars: {provender: {…}}`. A block that names another project is that project's, not ours. -#}
{% macro _setting(name, default) %}
    {%- set block = var('provender', {}) -%}
    {%- if block is not mapping or block.get('project', project_name) != project_name -%}
        {{- return(default) -}}
    {%- endif -%}
    {{- return(block.get(name, default)) -}}
{% endmacro %}
