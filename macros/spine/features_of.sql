{% macro features_of(view, v=none) %}
    {%- set relation = ref(view, v=v) if v else ref(view) -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- if 'nodes' not in graph -%}
        {#- a dbt unit test: the rows given for ref(view) -#}
        {{- return(relation) -}}
    {%- endif -%}
    {%- set node = provender._view_node(view, v) -%}
    {%- set spine = '(select distinct ' ~ (node['keys'] | map(attribute='name') | list + ['as_of']) | join(', ')
        ~ ' from ' ~ provender._own_spine() ~ ' as spine)' -%}
    {#- the markers tell a reader of the compiled SQL, and of the definition, whose this part is -#}
    {{- return(
        '( /* provender:features_of ' ~ node.unique_id ~ ' */ ' ~ provender._stored_definition(node).replace(provender._hole(), spine)
        ~ ' /* provender:end_of ' ~ node.unique_id ~ ' */ )'
    ) -}}
{% endmacro %}


{#- The spine block of the model being compiled. -#}
{% macro _own_spine() %}
    {%- set own = provender.feature_views(model.unique_id) -%}
    {%- if not own -%}
        {%- do exceptions.raise_compiler_error(
            "features_of: '" ~ model.name ~ "' is not a feature view. A training set reads views by point_in_time_join or features_at."
        ) -%}
    {%- endif -%}
    {{- return(provender.spine(own[0].entity)) -}}
{% endmacro %}
