{#- The views a service reads, by name and version: the order in its exposure changes nothing. -#}
{% macro _service_views(node, views) %}
    {{- return(views | selectattr('unique_id', 'in', node.depends_on.nodes) | sort(attribute='name,version', case_sensitive=true)) -}}
{% endmacro %}


{#- {features: [{name, view, version, feature}], errors: [(what, got)]} of a service: those it lists, else all of its views.
    A feature that clashes is named `<view>__<feature>`, of two versions of one view `<view>_v<N>__<feature>`. -#}
{% macro _service_features(node, views) %}
    {%- set listed = provender._meta_mapping(node, 'feature_service').get('features') -%}
    {%- set all = provender._all_features(views) -%}
    {%- set chosen = [] -%}
    {%- set errors = [] -%}
    {%- for name in (listed if listed is iterable and listed is not string and listed is not mapping else []) -%}
        {%- set matches = provender._features_called(name | string, all) -%}
        {%- if matches | length != 1 or matches[0] in chosen -%}
            {%- do errors.append(
                ('unknown feature' if not matches else 'feature listed twice' if matches | length == 1 else 'feature name of several views', name | string)
            ) -%}
        {%- else -%}
            {%- do chosen.append(matches[0]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return({'features': provender._name_features(all if listed is none else chosen), 'errors': errors}) -}}
{% endmacro %}


{% macro _all_features(views) %}
    {%- set all = [] -%}
    {%- for view in views -%}
        {%- set old_names = provender._old_names(view) -%}
        {%- for feature in view.features -%}
            {%- do all.append({'view': view.name, 'version': view.version, 'feature': feature.name, 'old_name': old_names.get(feature.name)}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(all) -}}
{% endmacro %}


{#- A feature is called by `feature`, `view.feature` or `view@version.feature`; one that was renamed also so by the name it had, under which it
    is then served. -#}
{% macro _features_called(name, features) %}
    {%- set matches, before = [], [] -%}
    {%- for each in features -%}
        {%- if name in provender._calls(each, each.feature) -%}
            {%- do matches.append(each) -%}
        {%- elif each.old_name and name in provender._calls(each, each.old_name) -%}
            {%- do before.append(dict(each, called=each.old_name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(matches or before) -}}
{% endmacro %}


{% macro _calls(feature, name) %}
    {{- return([name, feature.view ~ '.' ~ name, feature.view ~ '@' ~ feature.version ~ '.' ~ name]) -}}
{% endmacro %}


{#- {name: old name} of the features of a view that were renamed. -#}
{% macro _old_names(view) %}
    {%- set names = {} -%}
    {%- for old, new in provender._renamed(view).items() -%}
        {%- do names.update({new: old}) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}


{% macro _name_features(features) %}
    {%- set named = [] -%}
    {%- for each in features -%}
        {%- set same = features | selectattr('feature', 'equalto', each.feature) | list -%}
        {%- set versions = same | selectattr('view', 'equalto', each.view) | list | length -%}
        {%- set prefix = '' if same | length == 1 else each.view ~ ('_v' ~ each.version if versions > 1 else '') ~ '__' -%}
        {%- set feature = {'name': prefix ~ (each.called or each.feature), 'view': each.view, 'version': each.version, 'feature': each.feature} -%}
        {%- do named.append(dict(feature, old_name=prefix ~ each.old_name) if each.old_name else feature) -%}
    {%- endfor -%}
    {{- return(named) -}}
{% endmacro %}


{#- The keys a caller gives: those of all the views, each once. -#}
{% macro _service_keys(views) %}
    {%- set keys = [] -%}
    {%- for view in views -%}
        {%- for key in view['keys'] if key.name not in keys | map(attribute='name') -%}
            {%- do keys.append(key) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(keys) -}}
{% endmacro %}
