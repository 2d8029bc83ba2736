{#- What a view has to say of itself: owner, entity, times, behaviour. -#}
{% macro _check_policies(node) %}
    {%- set label = provender._label(node) -%}
    {%- set config = provender.feature_view_config(node) -%}
    {%- set origin = provender.feature_view_origin(node) -%}
    {%- set found = provender._unknown_keys(label, 'feature_view', provender._meta(node, 'feature_view'), provender._feature_view_keys()) -%}
    {%- if not node.config.get('group') -%}
        {%- set found = found + [provender._violation(label, 'no owner', 'no group', 'Set `config: {group: …}` to a group of the team that answers for it')] -%}
    {%- endif -%}
    {%- if node.language != 'sql' -%}
        {%- set found = found + [provender._violation(label, 'not a SELECT', node.language, 'A feature view is one SELECT over a spine')] -%}
    {%- endif -%}
    {%- if provender._version(node) | string != (node.version or 1) | string -%}
        {%- set found = found + [provender._violation(label, 'version is not a whole number', provender._shown(node.version), 'Write v: 1, v: 2, …')] -%}
    {%- endif -%}
    {{- return(
        found + provender._check_required(label, config) + provender._check_approvals(label, provender._meta_mapping(node, 'feature_view'))
        + provender._check_durations(label, config, origin) + provender._check_choices(label, config, origin)
        + provender._check_uses(node, config)
    ) -}}
{% endmacro %}


{% macro _check_required(label, config) %}
    {%- set how = {
        'entity': 'Name the entity model it is about, like `entity: customer`',
        'ttl': 'Write the age past which a value is expired, like `ttl: 1h`',
        'freshness_sla': 'Write the age that alerts, like `freshness_sla: 5m`',
        'otherwise': 'Say what a reader gets when there is no value: `otherwise: default` or `otherwise: fail`',
        'classification': 'Say how sensitive it is: public, internal, pii or pci',
        'lag': 'Write the typical time from as_of to readable, like `lag: 2m`',
        'backfill': 'Say `backfill: recompute`, or `backfill: none` with a `backfill_reason`',
    } -%}
    {%- set found = [] -%}
    {%- for key in how if key not in config -%}
        {%- do found.append(provender._violation(
            label, '`' ~ key ~ '` is missing', 'nothing', how[key] ~ ', under config.meta.feature_view or in the folder defaults'
        )) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
