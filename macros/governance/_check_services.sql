{% macro _check_services(nodes) %}
    {%- set ids = nodes | map(attribute='unique_id') | list -%}
    {%- set views = provender.feature_views() -%}
    {%- set found = [] -%}
    {%- for node in provender._service_nodes() -%}
        {%- set where = 'service ' ~ node.name -%}
        {%- set declared = provender._meta(node, 'feature_service') -%}
        {%- do found.extend(provender._unknown_keys(where, 'feature_service', declared, provender._feature_service_keys())) -%}
        {%- do found.extend(provender._check_approvals(where, provender._meta_mapping(node, 'feature_service'))) -%}
        {%- if node.type != 'ml' -%}
            {%- do found.append(provender._violation(where, 'a feature service is an exposure of type ml', node.type, 'Set `type: ml`')) -%}
        {%- endif -%}
        {%- set budget = provender._meta_mapping(node, 'feature_service').get('latency_budget') -%}
        {%- if not provender._budget_ms(budget) -%}
            {%- do found.append(provender._violation(
                where, '`latency_budget` is not a time', provender._shown(budget), 'Write a whole number above zero and ms or s, like 20ms'
            )) -%}
        {%- endif -%}
        {%- for id in node.depends_on.nodes if id not in ids -%}
            {%- do found.append(provender._violation(where, 'names something that is no feature view', id, 'Let depends_on name feature views only')) -%}
        {%- endfor -%}
        {%- if not node.depends_on.nodes -%}
            {%- do found.append(provender._violation(where, 'names no feature view', 'no depends_on', 'Write depends_on, one ref per view')) -%}
        {%- endif -%}
        {%- set read = provender._service_views(node, views) -%}
        {%- do found.extend(
            provender._check_service_features(where, node, provender._own_views(node, read)) + provender._check_training_sets(where, node)
            + provender._check_same_as_trained(where, node) + provender._check_rollouts(where, node, read)
            + provender._check_label(where, node) + provender._check_reviewed(where, node, read) + provender._check_service_uses(where, read)
        ) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_service_features(where, node, views) %}
    {%- set listed = provender._meta_mapping(node, 'feature_service').get('features') -%}
    {%- set found = [] -%}
    {%- if listed is not none and (listed is string or listed is mapping or listed is not iterable or not listed) -%}
        {%- do found.append(provender._violation(where, '`features` is not a list of names', provender._shown(listed), 'Write a list, or leave it out to read all')) -%}
    {%- endif -%}
    {%- set resolved = provender._service_features(node, views) -%}
    {%- set known = provender._all_features(views) -%}
    {%- for what, name in resolved.errors -%}
        {%- set nearest = provender._nearest(name.split('.')[-1], known | map(attribute='feature') | list) -%}
        {%- do found.append(provender._violation(where, what, "'" ~ name ~ "'", {
            'unknown feature': 'The nearest feature of its views is ' ~ (nearest or 'none'),
            'feature listed twice': 'List it once',
        }.get(what, 'Write view.feature, or view@version.feature between versions of one view'))) -%}
    {%- endfor -%}
    {%- for name, same in resolved.features | groupby('name', case_sensitive=true) if same | length > 1 -%}
        {%- do found.append(provender._violation(where, 'two features would have one name', "'" ~ name ~ "'", 'Rename one of the features')) -%}
    {%- endfor -%}
    {%- for view in views -%}
        {%- for key in view['keys'] -%}
            {%- set first = provender._service_keys(views) | selectattr('name', 'equalto', key.name) | first -%}
            {%- if key.type and first.type and not provender._same_type(key.type, first.type) -%}
                {%- do found.append(provender._violation(
                    where, 'key `' ~ key.name ~ '` has two types', key.type ~ ' and ' ~ first.type, 'Give it one type in all the views it reads'
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
