{#- A view reads another view only over its own spine. The table of a view holds the last run's values, at any as_of asked. -#}
{% macro _check_reads(views) %}
    {%- set ids = views | map(attribute='unique_id') | list -%}
    {%- set found = [] -%}
    {%- for node in views -%}
        {%- set names = provender._refs_in_code(node.raw_code) -%}
        {%- for read in views if read.unique_id in node.depends_on.nodes and read.name in names -%}
            {%- do found.append(provender._plain_ref(provender._label(node), 'a plain ref to a feature view', read)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for id in provender._feature_lineage() if id in graph.nodes and id not in ids -%}
        {%- for read in views if read.unique_id in graph.nodes[id].depends_on.nodes -%}
            {%- do found.append(provender._plain_ref(
                id.split('.')[0] ~ ' ' ~ graph.nodes[id].name, 'reads a feature view and feeds another', read
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _plain_ref(where, what, read) %}
    {{- return(provender._violation(
        where, what, provender._label(read),
        "Use provender.features_of('" ~ read.name ~ "') in the feature view: a table of a view has the last run's values, not those at as_of"
    )) -}}
{% endmacro %}


{#- Names of the models that raw code refers to by a plain ref, outside features_of and spine. -#}
{% macro _refs_in_code(raw) %}
    {%- set jinja = provender._strip_code(raw).jinja -%}
    {%- set code = modules.re.sub('features_of\\s*\\([^()]*\\)', ' ', jinja) -%}
    {%- set names = [] -%}
    {%- for arguments in modules.re.findall('(?<!\\w)ref\\s*\\(([^()]*)\\)', code) -%}
        {%- set positional = modules.re.sub('\\b(?:v|version)\\s*=[^,]*', '', arguments) -%}
        {%- do names.extend(modules.re.findall('[\'"]([^\'"]+)[\'"]', positional)[-1:]) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
