{#- A view is named `customer_activity`, or with its version, `customer_spend@2`. -#}
{% macro _labelled_view(label) %}
    {%- set name, _, version = label.partition('@') -%}
    {{- return(provender._view_node(name, version | int if version else none)) -}}
{% endmacro %}


{#- By name, since dbt must know what a model reads before the graph exists. -#}
{% macro _history_of(label) %}
    {%- set name, _, version = label.partition('@') -%}
    {{- return(ref(name ~ ('_v' ~ version if version else '') ~ '_history')) -}}
{% endmacro %}


{#- What a view's columns are called beside others: its name, with the version where the model has versions. -#}
{% macro _alias(view) %}
    {%- set is_versioned = graph.nodes[view.unique_id].get('version') is not none -%}
    {{- return(view.name ~ ('_v' ~ view.version if is_versioned else '')) -}}
{% endmacro %}


{#- 'view@v.feature' -> column name: as a service that reads these views calls it. -#}
{% macro _feature_names(views) %}
    {%- set names = {} -%}
    {%- for each in provender._name_features(provender._all_features(views)) -%}
        {%- do names.update({each.view ~ '@' ~ each.version ~ '.' ~ each.feature: each.name}) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
