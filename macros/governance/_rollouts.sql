{#- The rollouts that an exposure declares, those that are whole: from one version of a view to another, both in its `depends_on`. One dict each:
    {view, from_version, to_version, stage, share_ppm, roll_back_when, from, to}, the last two being the views. -#}
{% macro _declared_rollouts(node, views) %}
    {%- set found = [] -%}
    {%- set declared = provender._meta_mapping(node, 'feature_service').get('rollouts') -%}
    {%- for name, rollout in (declared if declared is mapping else {}).items() if rollout is mapping -%}
        {%- set versions = views | selectattr('name', 'equalto', name) | list -%}
        {%- set before = versions | selectattr('version', 'equalto', rollout.get('from')) | first -%}
        {%- set after = versions | selectattr('version', 'equalto', rollout.get('to')) | first -%}
        {%- if before and after and before.version != after.version -%}
            {%- set share = {'shadow': 0, 'all': 1}.get(rollout.get('stage'), rollout.get('share')) -%}
            {%- do found.append({
                'view': name, 'from_version': before.version, 'to_version': after.version, 'stage': rollout.get('stage'),
                'share_ppm': (share * 1000000) | round | int if share is number else 0,
                'roll_back_when': rollout.get('roll_back_when') if rollout.get('roll_back_when') is mapping else {}, 'from': before, 'to': after,
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- The views whose features are the service's own: all that it reads, but for the versions that rollouts lead to. -#}
{% macro _own_views(node, views) %}
    {%- set led_to = provender._declared_rollouts(node, views) | map(attribute='to') | map(attribute='unique_id') | list -%}
    {{- return(views | rejectattr('unique_id', 'in', led_to) | list) -}}
{% endmacro %}


{#- What the service calls the features of the version a rollout leads to: those it reads of the version before, also where they are renamed by
    `renamed_from`; and, unless it lists its features, those that are new, which are logged and not decided on. -#}
{% macro _rolled_features(node, rollout, own) %}
    {%- set features, matched = [], [] -%}
    {%- for feature in own if feature.view == rollout.view and feature.version == rollout.from_version -%}
        {%- set same = provender._feature_now(rollout.to, feature.feature) -%}
        {%- if same -%}
            {%- do matched.append(same) -%}
            {%- do features.append({'name': feature.name, 'view': rollout.view, 'version': rollout.to_version, 'feature': same}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if provender._meta_mapping(node, 'feature_service').get('features') is none -%}
        {%- for feature in rollout.to.features if feature.name not in matched -%}
            {%- set is_free = feature.name not in own | map(attribute='name') -%}
            {%- do features.append({
                'name': feature.name if is_free else rollout.view ~ '_v' ~ rollout.to_version ~ '__' ~ feature.name,
                'view': rollout.view, 'version': rollout.to_version, 'feature': feature.name,
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(features) -}}
{% endmacro %}


{#- The feature of a view that is called so, or was. -#}
{% macro _feature_now(view, name) %}
    {%- set names = view.features | map(attribute='name') | list -%}
    {{- return(name if name in names else provender._renamed(view).get(name)) -}}
{% endmacro %}


{#- {old name: name} of the features of a view that were renamed. -#}
{% macro _renamed(view) %}
    {%- set renamed = {} -%}
    {%- for column in graph.nodes[view.unique_id].columns.values() -%}
        {%- set before = provender._meta_mapping(column, 'feature').get('renamed_from') -%}
        {%- if before is string -%}
            {%- do renamed.update({before: column.name}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(renamed) -}}
{% endmacro %}


{#- As the online store has them. -#}
{% macro _service_rollouts(node, views, own) %}
    {%- set rollouts = [] -%}
    {%- for each in provender._declared_rollouts(node, views) -%}
        {%- do rollouts.append({
            'view': each.view, 'from_version': each.from_version, 'to_version': each.to_version, 'stage': each.stage, 'share_ppm': each.share_ppm,
            'features': provender._rolled_features(node, each, own),
        }) -%}
    {%- endfor -%}
    {{- return(rollouts) -}}
{% endmacro %}
