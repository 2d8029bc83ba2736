{#- A view is named `customer_activity`, or with its version, `customer_spend@2`. -#}
{% macro _labelled_view(label) %}
    {%- set name, _, version = label.partition('@') -%}
    {{- return(provender._view_node(name, version | int if version else none)) -}}
{% endmacro %}


{#- What a join reads of a view, by name, since dbt must know that before the graph exists: its history, and for the other sources the view
    itself, whose definition and contract they follow. -#}
{% macro _reads(label, sources) %}
    {%- set name, _, version = label.partition('@') -%}
    {%- if sources != ['history'] -%}
        {%- do ref(name, v=version | int) if version else ref(name) -%}
    {%- endif -%}
    {%- if 'history' in sources -%}
        {{- return(ref(name ~ ('_v' ~ version if version else '') ~ '_history')) -}}
    {%- endif -%}
{% endmacro %}


{#- What a view's columns are called beside others: its name, with the version where the model has versions. -#}
{% macro _alias(view) %}
    {%- set is_versioned = graph.nodes[view.unique_id].get('version') is not none -%}
    {{- return(view.name ~ ('_v' ~ view.version if is_versioned else '')) -}}
{% endmacro %}


{#- Gives each view what is asked of it: `as` (what its columns are called by), `asked` (features) and `columns` (feature -> column name, as a
    service that reads these views calls it, or prefixed where the spine has that column). -#}
{% macro _name_columns(views, features, spine_columns) %}
    {%- set chosen = provender._chosen_features(provender._all_features(views), features) -%}
    {%- set named = [] -%}
    {%- for view in views -%}
        {%- set columns = {} -%}
        {%- for each in provender._name_features(chosen) if each.view == view.name and each.version == view.version -%}
            {%- set is_taken = each.name | lower in spine_columns -%}
            {%- do columns.update({each.feature: view.name ~ '__' ~ each.feature if is_taken else each.name}) -%}
        {%- endfor -%}
        {%- set asked = view.features | selectattr('name', 'in', columns) | list -%}
        {%- do named.append(dict(view, as=provender._alias(view), asked=asked, columns=columns)) -%}
    {%- endfor -%}
    {{- return(named) -}}
{% endmacro %}


{#- Those that are called for by name; all when none are. -#}
{% macro _chosen_features(all, names) %}
    {%- set chosen = [] -%}
    {%- for name in names or [] -%}
        {%- for each in provender._features_called(name, all) if each not in chosen -%}{%- do chosen.append(each) -%}{%- endfor -%}
    {%- endfor -%}
    {{- return(all if names is none else chosen) -}}
{% endmacro %}
