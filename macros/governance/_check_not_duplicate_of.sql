{#- Features that look like this one and are others: each named as there is one, with a reason. -#}
{% macro _check_not_duplicate_of(where, declared) %}
    {%- set listed = declared.get('not_duplicate_of') -%}
    {%- if listed is none -%}
        {{- return([]) -}}
    {%- elif listed is string or listed is mapping or listed is not iterable or not listed -%}
        {{- return([provender._violation(
            where, '`not_duplicate_of` is not a list', provender._shown(listed), 'Write [{feature: view.feature, reason: …}]'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for each in listed -%}
        {%- do found.extend(
            provender._unknown_keys(where, 'not_duplicate_of', each, ['feature', 'reason'])
            + (provender._check_named_feature(where, 'not_duplicate_of', each) + provender._check_reason(where, 'not_duplicate_of', each)
                if each is mapping else [])
        ) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- An entry whose `feature` is one of the project, as view.feature or view@version.feature. -#}
{% macro _check_named_feature(where, what, entry) %}
    {%- set name = entry.get('feature') -%}
    {%- set known = provender._feature_names() -%}
    {%- if name in known -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(
        where, '`' ~ what ~ '` names no feature', provender._shown(name),
        'Write view.feature or view@version.feature' ~ (', like ' ~ provender._nearest(name, known) if name is string and known else '')
    )]) -}}
{% endmacro %}


{% macro _check_reason(where, what, entry) %}
    {%- set reason = entry.get('reason') -%}
    {%- if reason is string and reason.strip() -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return([provender._violation(
        where, '`' ~ what ~ '` without a reason', provender._shown(reason), 'Write for those who come later why it is so'
    )]) -}}
{% endmacro %}


{#- view.feature and view@version.feature of every feature. -#}
{% macro _feature_names() %}
    {%- set names = [] -%}
    {%- for view in provender.feature_views() -%}
        {%- for feature in view.features -%}
            {%- do names.extend([view.name ~ '.' ~ feature.name, view.label ~ '.' ~ feature.name]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
