{#- What lies between source and view is a view, or is built by the same schedule: else a selected run computes on an older state. -#}
{% macro _check_schedules(views) %}
    {%- set ids = views | map(attribute='unique_id') | list -%}
    {%- set found = [] -%}
    {%- for node in views -%}
        {%- for id in provender._ancestors([node.unique_id]) if id.startswith('model.') and id not in ids -%}
            {%- set ancestor = graph.nodes[id] -%}
            {%- set untagged = node.tags | reject('in', ancestor.tags) | list -%}
            {%- if untagged and ancestor.config.materialized not in ['view', 'ephemeral'] -%}
                {%- do found.append(provender._violation(
                    'model ' ~ ancestor.name, 'is stored, feeds ' ~ provender._label(node) ~ ' and lacks its tags, so a schedule on them would not rebuild it',
                    ancestor.config.materialized ~ ', ' ~ (ancestor.tags | join(', ') or 'no tags'),
                    'Make it a view, or add: ' ~ untagged | join(', ')
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found | unique | list) -}}
{% endmacro %}
