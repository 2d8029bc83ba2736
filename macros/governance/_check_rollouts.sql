{% macro _check_rollouts(where, node, views) %}
    {%- set declared = provender._meta_mapping(node, 'feature_service').get('rollouts') -%}
    {%- if declared is none -%}
        {{- return([]) -}}
    {%- elif declared is not mapping or not declared -%}
        {{- return([provender._violation(
            where, '`rollouts` is not a mapping of views', provender._shown(declared),
            'Write one like {customer_spend: {from: 1, to: 2, stage: shadow, roll_back_when: {differing: 0.05}}}'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for name, rollout in declared.items() -%}
        {%- set here = where ~ ': rollout of ' ~ name -%}
        {%- set versions = views | selectattr('name', 'equalto', name) | map(attribute='version') | list -%}
        {%- if not versions -%}
            {%- do found.append(provender._violation(
                where, 'a rollout of a view it does not read', provender._shown(name),
                'Did you mean `' ~ (provender._nearest(name, views | map(attribute='name') | unique | list) or 'none') ~ '`? Let depends_on name both versions'
            )) -%}
        {%- else -%}
            {%- do found.extend(
                provender._unknown_keys(here, 'rollouts', rollout, ['from', 'to', 'stage', 'share', 'roll_back_when'])
                + (provender._check_rollout(here, rollout, versions) if rollout is mapping else [])
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found + provender._check_rolled_features(where, node, views)) -}}
{% endmacro %}


{% macro _check_rollout(here, rollout, versions) %}
    {%- set found = [] -%}
    {%- for end in ['from', 'to'] if rollout.get(end) not in versions or rollout.get(end) is boolean -%}
        {%- do found.append(provender._violation(
            here, '`' ~ end ~ '` is not a version it reads', provender._shown(rollout.get(end)),
            'Let depends_on name both versions; it names ' ~ versions | join(' and ')
        )) -%}
    {%- endfor -%}
    {%- if not found and rollout.get('from') == rollout.get('to') -%}
        {%- do found.append(provender._violation(here, 'it leads nowhere', 'from and to are ' ~ rollout.get('to'), 'Name two versions')) -%}
    {%- endif -%}
    {%- set stages = ['shadow', 'canary', 'all'] -%}
    {%- if rollout.get('stage') not in stages -%}
        {%- do found.append(provender._violation(
            here, '`stage` is not one of its values', provender._shown(rollout.get('stage')), 'Write one of: ' ~ stages | join(', ')
        )) -%}
    {%- endif -%}
    {%- set is_share = rollout.get('share') is number and rollout.get('share') is not boolean and 0.000001 <= rollout.get('share') < 1 -%}
    {%- if rollout.get('stage') == 'canary' and not is_share -%}
        {%- do found.append(provender._violation(
            here, '`share` is not a share', provender._shown(rollout.get('share')), 'Write the share of the entities it decides for, like 0.1'
        )) -%}
    {%- elif rollout.get('stage') != 'canary' and rollout.get('share') is not none -%}
        {%- do found.append(provender._violation(here, 'a `share` without a canary', provender._shown(rollout.get('share')), 'Leave it out, or set `stage: canary`')) -%}
    {%- endif -%}
    {{- return(found + provender._check_criterion(here, rollout.get('roll_back_when'))) -}}
{% endmacro %}


{#- A rollout without a criterion has nobody who would stop it. -#}
{% macro _check_criterion(here, criterion) %}
    {%- set shares = ['differing', 'more_nulls', 'more_absent'] -%}
    {%- if criterion is not mapping or not shares | select('in', criterion) | list -%}
        {{- return(
            (provender._unknown_keys(here, 'roll_back_when', criterion, shares + ['decisions']) if criterion is mapping else [])
            + [provender._violation(
                here, '`roll_back_when` says no criterion', provender._shown(criterion), 'Write the largest shares that are right, like {differing: 0.05, more_nulls: 0.01}'
            )]
        ) -}}
    {%- endif -%}
    {%- set found = provender._unknown_keys(here, 'roll_back_when', criterion, shares + ['decisions']) -%}
    {%- for name in shares if name in criterion -%}
        {%- set share = criterion[name] -%}
        {%- if share is boolean or share is not number or not 0 <= share < 1 -%}
            {%- do found.append(provender._violation(here, '`' ~ name ~ '` is not a share', provender._shown(share), 'Write a number from 0 to below 1')) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if 'decisions' in criterion and (criterion.decisions is boolean or criterion.decisions is not integer or criterion.decisions < 1) -%}
        {%- do found.append(provender._violation(
            here, '`decisions` is not a count', provender._shown(criterion.decisions), 'Write how many decisions it takes to judge, like 100'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- What the service reads of the old version it has to get of the new one, under some name. -#}
{% macro _check_rolled_features(where, node, views) %}
    {%- set own = provender._service_features(node, provender._own_views(node, views)).features -%}
    {%- set found = [] -%}
    {%- for rollout in provender._declared_rollouts(node, views) -%}
        {%- for feature in own if feature.view == rollout.view and feature.version == rollout.from_version and not provender._feature_now(rollout.to, feature.feature) -%}
            {%- do found.append(provender._violation(
                where ~ ': rollout of ' ~ rollout.view, rollout.to.label ~ ' has not what the service reads of ' ~ rollout.from.label, '`' ~ feature.feature ~ '`',
                'Declare `renamed_from: ' ~ feature.feature ~ '` where it has another name, or list the `features` that the service needs'
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
