{#- What declares a key of a view, the weakest first: folder defaults from the shortest path to the longest, then the model. -#}
{% macro _feature_view_layers(node) %}
    {%- set path = node.original_file_path.replace('\\', '/') -%}
    {%- set layers = [] -%}
    {%- for prefix, declared in provender._feature_view_defaults().items() -%}
        {%- if (path ~ '/').startswith(provender._folder(prefix)) and declared is mapping -%}
            {%- do layers.append({'depth': provender._folder(prefix) | length, 'origin': 'vars: ' ~ prefix, 'declared': declared}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(
        layers | sort(attribute='depth')
        + [{'origin': 'model', 'declared': provender._meta_mapping(node, 'feature_view')}]
    ) -}}
{% endmacro %}


{#- A path prefix as whole segments: `models/features` is `models/features/`; `.` is everything. -#}
{% macro _folder(prefix) %}
    {%- set path = (prefix | string).replace('\\', '/').strip('/') -%}
    {{- return('' if path in ['', '.'] else path ~ '/') -}}
{% endmacro %}
