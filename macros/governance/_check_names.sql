{#- Names stand in Redis keys, JSON and SQL of any engine, so they are plain; and one name means one thing in a registry. -#}
{% macro _check_names(views) %}
    {%- set services = provender._service_nodes() -%}
    {%- set found = [] -%}
    {%- for kind, nodes in {'view': views, 'entity': provender._entity_nodes(), 'service': services}.items() -%}
        {%- for name, same in nodes | groupby('name', case_sensitive=true) -%}
            {%- do found.extend(provender._check_name(kind ~ ' ' ~ name, name)) -%}
            {%- set packages = same | map(attribute='package_name') | unique(case_sensitive=true) | list -%}
            {%- if packages | length > 1 -%}
                {%- do found.append(provender._violation(
                    kind ~ ' ' ~ name, 'one name in several packages', packages | join(', '), 'Rename one, or disable it in dbt_project.yml'
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for node in provender._nodes('model') + provender._ml_exposures() -%}
        {%- do found.extend(provender._check_misspelt_meta(node)) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_name(where, name) %}
    {%- if modules.re.fullmatch('[a-z][a-z0-9_]*', name) -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(
        where, 'not a plain name', "'" ~ name ~ "'", 'Begin with a small letter, go on with small letters, digits and _'
    )]) -}}
{% endmacro %}


{% macro _check_reserved(where, name) %}
    {%- if name not in ['as_of', 'valid_from', 'valid_to', 'scd_id', 'updated_at'] and not name.startswith('provender_') -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(
        where, 'a reserved name', "'" ~ name ~ "'",
        'Rename it: history and training sets use as_of, valid_from, valid_to, scd_id, updated_at and provender_… themselves'
    )]) -}}
{% endmacro %}


{#- A misspelt `feature_view` would make the whole view invisible. -#}
{% macro _check_misspelt_meta(node) %}
    {%- set known = 'feature_service' if node.resource_type == 'exposure' else 'feature_view' -%}
    {%- set found = [] -%}
    {%- for key in node.config.get('meta') or {} if key != known and provender._similarity(key, known) > 0.75 -%}
        {%- do found.append(provender._violation(node.name, 'unknown key in config.meta', '`' ~ key ~ '`', 'Rename it to `' ~ known ~ '`')) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
