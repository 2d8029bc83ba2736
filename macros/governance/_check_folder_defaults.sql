{#- The block `vars: provender: feature_view_defaults`. -#}
{% macro _check_folder_defaults() %}
    {%- set where = 'vars: provender' -%}
    {%- set block = var('provender', {}) -%}
    {%- if block is not mapping -%}
        {{- return([provender._violation(where, 'is not a mapping', provender._shown(block), 'Write feature_view_defaults under it')]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for known in ['feature_view_defaults', 'schedules', 'replaced_pipelines'] -%}
        {%- for key in block if key != known and provender._similarity(key, known) > 0.75 -%}
            {%- do found.append(provender._violation(where, 'unknown key', '`' ~ key ~ '`', 'Rename it to `' ~ known ~ '`')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if block.get('feature_view_defaults', {}) is not mapping -%}
        {%- do found.append(provender._violation(
            where, '`feature_view_defaults` is not a mapping', provender._shown(block.feature_view_defaults),
            'Write a path and its defaults, like models/features: {lag: 2m}'
        )) -%}
    {%- endif -%}
    {%- for prefix, declared in provender._feature_view_defaults().items() -%}
        {%- do found.extend(
            provender._unknown_keys(where ~ ': ' ~ prefix, 'feature_view_defaults', declared, provender._feature_view_keys())
            + provender._check_folder(where ~ ': ' ~ prefix, prefix)
        ) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_folder(where, prefix) %}
    {%- set paths = provender._nodes('model') | map(attribute='original_file_path') | map('replace', '\\', '/') | list -%}
    {%- for path in paths if (path ~ '/').startswith(provender._folder(prefix)) -%}
        {{- return([]) -}}
    {%- endfor -%}
    {{- return([provender._violation(
        where, 'defaults for a path that holds no model', "'" ~ prefix ~ "'",
        'Write the path from the project, in whole folders, like models/features; or remove these defaults'
    )]) -}}
{% endmacro %}
