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


{#- What a view's columns are called beside others: its name, with the version where two versions meet. -#}
{% macro _alias(view) %}
    {{- return(view.history.alias | replace('_history', '')) -}}
{% endmacro %}


{#- 'view@v.feature' -> column name: the feature's own, prefixed by its view where two views share it. -#}
{% macro _feature_names(views) %}
    {%- set all = [] -%}
    {%- for view in views -%}{%- do all.extend(view.features | map(attribute='name') | list) -%}{%- endfor -%}
    {%- set names = {} -%}
    {%- for view in views -%}
        {%- for feature in view.features -%}
            {%- set clash = all | select('equalto', feature.name) | list | length > 1 -%}
            {%- do names.update({view.label ~ '.' ~ feature.name: provender._alias(view) ~ '__' ~ feature.name if clash else feature.name}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
