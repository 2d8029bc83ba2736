{#- {model version: name of its training set} as an exposure declares it, in its order; {} when it declares none. -#}
{% macro _training_sets(node) %}
    {%- set declared = provender._meta_mapping(node, 'feature_service').get('training_sets') -%}
    {{- return(declared if declared is mapping else {}) -}}
{% endmacro %}


{#- {model version: unique id of its training set}; a name that nothing has is left out: the contract check tells of it. -#}
{% macro _training_set_nodes(node) %}
    {%- set nodes = {} -%}
    {%- for model_version, name in provender._training_sets(node).items() -%}
        {%- set found = provender._baseline_node(name) -%}
        {%- if found -%}
            {%- do nodes.update({model_version | string: found.unique_id}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{#- The model, seed or snapshot that a baseline names: `name`, or `name@version` of a versioned model, whose latest is `name`. -#}
{% macro _baseline_node(name) %}
    {%- for kind in ['model', 'seed', 'snapshot'] -%}
        {%- for id in graph.nodes if id.startswith(kind ~ '.') and id.split('.')[2] == name.partition('@')[0] -%}
            {%- set node = graph.nodes[id] -%}
            {%- set is_latest = node.get('version') is none or node.version == node.latest_version -%}
            {%- if (node.name == name and is_latest) or (node.get('version') is not none and provender._label(node) == name) -%}
                {{- return(node) -}}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}


{#- A model version is text: unquoted, YAML reads 1.10 as 1.1. -#}
{% macro _check_training_sets(where, node) %}
    {%- set declared = provender._meta_mapping(node, 'feature_service').get('training_sets') -%}
    {%- if declared is none -%}
        {{- return([]) -}}
    {%- elif declared is not mapping or not declared -%}
        {{- return([provender._violation(
            where, '`training_sets` is not a mapping of model versions to models', provender._shown(declared), 'Write one like {v3: credit_risk_training}'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for model_version, name in declared.items() -%}
        {%- if model_version is not string -%}
            {%- do found.append(provender._violation(
                where, 'a model version in `training_sets` is not text', provender._shown(model_version), 'Put it in quotes'
            )) -%}
        {%- endif -%}
        {%- if name is not string -%}
            {%- do found.append(provender._violation(
                where, 'the training set of ' ~ model_version ~ ' is not a name', provender._shown(name), 'Name one model, seed or snapshot'
            )) -%}
        {%- elif not provender._baseline_node(name) -%}
            {%- set known = provender._nodes('model') + provender._nodes('seed') + provender._nodes('snapshot') -%}
            {%- do found.append(provender._violation(
                where, 'unknown training set of ' ~ model_version, provender._shown(name),
                'Did you mean `' ~ provender._nearest(name, known | map(attribute='name') | list) ~ '`? It is a model, seed or snapshot'
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
