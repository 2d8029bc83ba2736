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
        {%- for feature in view.features -%}
            {%- do all.append({'view': view.name, 'version': view.version, 'feature': feature.name}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(all) -}}
{% endmacro %}


{#- A feature is called by `feature`, `view.feature` or `view@version.feature`. -#}
{% macro _features_called(name, features) %}
    {%- set matches = [] -%}
    {%- for each in features -%}
        {%- if name in [each.feature, each.view ~ '.' ~ each.feature, each.view ~ '@' ~ each.version ~ '.' ~ each.feature] -%}
            {%- do matches.append(each) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(matches) -}}
{% endmacro %}


{% macro _name_features(features) %}
    {%- set named = [] -%}
    {%- for each in features -%}
        {%- set same = features | selectattr('feature', 'equalto', each.feature) | list -%}
        {%- set versions = same | selectattr('view', 'equalto', each.view) | list | length -%}
        {%- set prefix = '' if same | length == 1 else each.view ~ ('_v' ~ each.version if versions > 1 else '') ~ '__' -%}
        {%- do named.append({'name': prefix ~ each.feature, 'view': each.view, 'version': each.version, 'feature': each.feature}) -%}
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
