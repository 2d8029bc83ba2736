{#- The folder defaults of the root project, {path prefix: {key: value}}.

    `var('provender')` is answered by --vars, else by the root project, else by the package of the node that asks. So in a
    consumer without a block of its own, our hook would be given the block of this package and the consumer's models
    none. `project` in a block names whose it is; a block of another project than the root is not used, by anyone. -#}
{% macro _feature_view_defaults() %}
    {%- set defaults = provender._setting('feature_view_defaults', {}) -%}
    {{- return(defaults if defaults is mapping else {}) -}}
{% endmacro %}
