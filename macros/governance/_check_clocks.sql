{#- Time enters a feature only as spine.as_of, so neither a view nor a model it descends from may look at a clock. -#}
{% macro _check_clocks(views) %}
    {%- set ids = views | map(attribute='unique_id') | list -%}
    {%- set found = [] -%}
    {%- for id in provender._feature_lineage() if id.startswith('model.') -%}
        {%- set node = graph.nodes[id] -%}
        {%- set where = provender._label(node) if id in ids else 'model ' ~ node.name -%}
        {%- set why = '' if id in ids else ' and feeds a feature view' -%}
        {%- set clocks = provender._wall_clocks_in_code(node.raw_code) -%}
        {%- if clocks -%}
            {%- do found.append(provender._violation(
                where, 'reads a wall clock' ~ why, clocks | join(', '), 'Time enters only as spine.as_of: the same SQL must answer for every moment'
            )) -%}
        {%- endif -%}
        {%- set own = modules.re.findall(
            '(?:provender\\s*\\.\\s*|(?<![\\w.]))as_of\\s*\\(|(?<!\\w)var\\s*\\(\\s*[\'"]as_of[\'"]', provender._strip_code(node.raw_code).jinja
        ) -%}
        {%- if own -%}
            {%- do found.append(provender._violation(
                where, "uses the run's as_of itself" ~ why, '`' ~ own | unique | join('`, `') ~ '`', 'Use spine.as_of of the view'
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
