{#- The node of the model that holds a service's label; none when it declares none, or nothing has that name. -#}
{% macro _label_node(service) %}
    {%- set label = provender._meta_mapping(service, 'feature_service').get('label') -%}
    {{- return(provender._baseline_node(label.get('model')) if label is mapping and label.get('model') is string else none) -}}
{% endmacro %}


{#- A label is a column of a model; what is known only once it is known is named beside it. -#}
{% macro _check_label(where, node) %}
    {%- set label = provender._meta_mapping(node, 'feature_service').get('label') -%}
    {%- if label is none -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set found = provender._unknown_keys(where, 'label', label, ['model', 'column', 'consequences', 'suspicious_above']) -%}
    {%- if label is not mapping -%}
        {{- return(found) -}}
    {%- endif -%}
    {%- set model = provender._label_node(node) -%}
    {%- if not model -%}
        {%- set known = (provender._nodes('model') + provender._nodes('seed')) | map(attribute='name') | list -%}
        {%- do found.append(provender._violation(
            where, 'unknown model of `label`', provender._shown(label.get('model')),
            'Name the model of the label' ~ (', like `' ~ provender._nearest(label.model, known) ~ '`' if label.get('model') is string else '')
        )) -%}
    {%- elif label.get('column') is not string or (model.columns and label.column not in model.columns) -%}
        {%- do found.append(provender._violation(
            where, 'unknown column of `label`', provender._shown(label.get('column')),
            'Name a column of ' ~ model.name ~ (', like `' ~ provender._nearest(label.column, model.columns | list) ~ '`' if label.get('column') is string else '')
        )) -%}
    {%- endif -%}
    {%- set bound = label.get('suspicious_above', 0.95) -%}
    {%- if not (bound is float or bound is integer) or bound is boolean or not 0.5 < bound <= 1 -%}
        {%- do found.append(provender._violation(
            where, '`suspicious_above` is not a share of pairs told apart', provender._shown(bound), 'Write a number above 0.5, up to 1'
        )) -%}
    {%- endif -%}
    {{- return(found + provender._check_consequences(where, label.get('consequences'))) -}}
{% endmacro %}


{#- Source tables, as source.table, or columns of them, as source.table.column; a seed by its name. -#}
{% macro _check_consequences(where, listed) %}
    {%- if listed is none -%}
        {{- return([]) -}}
    {%- elif listed is string or listed is mapping or listed is not iterable or not listed -%}
        {{- return([provender._violation(
            where, '`consequences` is not a list', provender._shown(listed), 'Write source tables, as source.table, or columns, as source.table.column'
        )]) -}}
    {%- endif -%}
    {%- set known = provender._source_names() -%}
    {%- set found = [] -%}
    {%- for name in listed if name not in known and (name | string).rsplit('.', 1)[0] not in known -%}
        {%- do found.append(provender._violation(
            where, '`consequences` names no source table', provender._shown(name), 'The nearest is `' ~ provender._nearest(name, known) ~ '`'
        )) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _source_names() %}
    {%- set names = [] -%}
    {%- for source in graph.sources.values() -%}
        {%- do names.append(source.source_name ~ '.' ~ source.name) -%}
    {%- endfor -%}
    {{- return((names + (provender._nodes('seed') | map(attribute='name') | list)) | sort(case_sensitive=true)) -}}
{% endmacro %}


{#- Features that a person has looked at and let through, each with who and why. -#}
{% macro _check_reviewed(where, node, views) %}
    {%- set listed = provender._meta_mapping(node, 'feature_service').get('reviewed') -%}
    {%- if listed is none -%}
        {{- return([]) -}}
    {%- elif listed is string or listed is mapping or listed is not iterable or not listed -%}
        {{- return([provender._violation(
            where, '`reviewed` is not a list', provender._shown(listed), 'Write [{feature: view.feature, reason: …, by: …}]'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- set known = [] -%}
    {%- for feature in provender._service_features(node, views).features -%}
        {%- do known.extend([feature.view ~ '.' ~ feature.feature, feature.view ~ '@' ~ feature.version ~ '.' ~ feature.feature]) -%}
    {%- endfor -%}
    {%- for each in listed -%}
        {%- do found.extend(provender._unknown_keys(where, 'reviewed', each, ['feature', 'reason', 'by'])) -%}
        {%- if each is mapping -%}
            {%- if each.get('feature') not in known -%}
                {%- do found.append(provender._violation(
                    where, '`reviewed` names no feature of this service', provender._shown(each.get('feature')),
                    'Write view.feature or view@version.feature' ~ (', like ' ~ provender._nearest(each.feature, known) if known and each.get('feature') is string else '')
                )) -%}
            {%- endif -%}
            {%- do found.extend(provender._check_reason(where, 'reviewed', each)) -%}
            {%- if each.get('by') is not string or not each.by.strip() -%}
                {%- do found.append(provender._violation(where, '`reviewed` without `by`', provender._shown(each.get('by')), 'Write who answers for it')) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
