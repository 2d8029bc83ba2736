{#- Every view version has exactly one history, kept our way. -#}
{% macro _check_history(node, entities, snapshots) %}
    {%- set histories = provender._histories(node, snapshots) -%}
    {%- set found = [] -%}
    {%- if histories | length != 1 -%}
        {%- do found.append(provender._violation(
            provender._label(node), 'a view version has exactly one history',
            (histories | map(attribute='name') | join(' and ')) or 'no snapshot',
            ('Keep one of them' if histories else 'Add a snapshot ' ~ node.alias ~ '_history whose relation is this view')
        )) -%}
    {%- endif -%}
    {%- set keys = provender._entity_key_names(provender.feature_view_config(node).get('entity'), entities) -%}
    {%- for snapshot in histories -%}
        {%- do found.extend(provender._check_snapshot('history ' ~ snapshot.name, snapshot.config, node, keys)) -%}
        {%- if histories | length == 1 and snapshot.name != node.alias ~ '_history' -%}
            {%- do found.append(provender._violation(
                'history ' ~ snapshot.name, 'a history is named after its view, which training sets find it by', snapshot.name,
                'Name it ' ~ node.alias ~ '_history'
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_snapshot(where, config, node, keys) %}
    {%- set unique_key = [config.unique_key] if config.unique_key is string else config.unique_key -%}
    {%- set untagged = node.tags | reject('in', config.tags or []) | list -%}
    {%- set ours = {
        'dbt_valid_from': 'valid_from', 'dbt_valid_to': 'valid_to', 'dbt_scd_id': 'scd_id', 'dbt_updated_at': 'updated_at',
    } -%}
    {%- set found = [] -%}
    {%- if config.strategy != 'provender.feature' -%}
        {%- do found.append(provender._violation(where, 'another strategy than ours', provender._shown(config.strategy), 'Set `strategy: provender.feature`')) -%}
    {%- endif -%}
    {%- if keys and unique_key != keys -%}
        {%- do found.append(provender._violation(
            where, '`unique_key` is not the keys of the entity', unique_key | join(', ') if unique_key else 'null',
            'Set `unique_key: [' ~ keys | join(', ') ~ ']`'
        )) -%}
    {%- endif -%}
    {%- if config.hard_deletes != 'invalidate' -%}
        {%- do found.append(provender._violation(
            where, '`hard_deletes` lets vanished entities live on, or writes rows of its own', provender._shown(config.hard_deletes), 'Set `hard_deletes: invalidate`'
        )) -%}
    {%- endif -%}
    {%- if untagged -%}
        {%- do found.append(provender._violation(
            where, 'lacks tags of its view, so a schedule on them would skip history',
            (config.tags or []) | join(', ') or 'no tags', 'Add: ' ~ untagged | join(', ')
        )) -%}
    {%- endif -%}
    {%- set named = config.snapshot_meta_column_names or {} -%}
    {%- for column, name in ours.items() if named.get(column) != name -%}
        {%- do found.append(provender._violation(
            where, '`snapshot_meta_column_names` is not ours', column ~ ': ' ~ provender._shown(named.get(column)), 'Set `' ~ column ~ ': ' ~ name ~ '`'
        )) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- Our strategy keeps the history of one feature view and of nothing else. -#}
{% macro _check_histories(views, snapshots) %}
    {%- set ids = views | map(attribute='unique_id') | list -%}
    {%- set found = [] -%}
    {%- for snapshot in snapshots if snapshot.config.strategy == 'provender.feature' -%}
        {%- set read = snapshot.depends_on.nodes | select('in', ids) | list -%}
        {%- if read | length != 1 -%}
            {%- do found.append(provender._violation(
                'history ' ~ snapshot.name, 'strategy provender.feature keeps one feature view', read | length ~ ' of them',
                'Set `relation: ref(…)` to a feature view, or use another strategy'
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
