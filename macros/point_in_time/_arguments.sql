{#- Everything that is wrong with a call of point_in_time_join, in one message. -#}
{% macro _refuse_join_arguments(views, spine_columns, as_of, keys, sources, policy, max_age, features) %}
    {%- set errors = provender._option_errors(sources, policy, max_age) -%}
    {%- set known_keys = [] -%}
    {%- for view in views -%}
        {%- do known_keys.extend(view['keys'] | map(attribute='name')) -%}
    {%- endfor -%}
    {%- for key in keys if key not in known_keys -%}
        {%- do errors.append("keys: no view has '" ~ key ~ "'; theirs are " ~ known_keys | unique | join(', ')) -%}
    {%- endfor -%}
    {%- for called in features or [] if provender._features_called(called, provender._all_features(views)) | length == 0 -%}
        {%- do errors.append("features: no view has '" ~ called ~ "'; write feature, view.feature or view@version.feature") -%}
    {%- endfor -%}
    {%- if spine_columns -%}
        {%- set needed = [as_of] + (['decision_id'] if 'served' in sources else []) -%}
        {%- for key in known_keys -%}{%- do needed.append(keys.get(key, key)) -%}{%- endfor -%}
        {%- for column in needed | unique if column | lower not in spine_columns -%}
            {%- do errors.append("the spine has no column '" ~ column ~ "'; name its own with keys={…} or as_of=…") -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('point_in_time_join:\\n- ' ~ errors | join('\\n- ')) -%}
    {%- endif -%}
{% endmacro %}


{% macro _option_errors(sources, policy, max_age) %}
    {%- set known = ['history', 'backfill', 'recompute', 'served'] -%}
    {%- set errors = [] -%}
    {%- for source in sources if source not in known -%}
        {%- do errors.append("source: one of " ~ known | join(', ') ~ ", or a list of them in order of preference; got '" ~ source ~ "'") -%}
    {%- endfor -%}
    {%- if sources | length == 0 or sources | unique | list | length != sources | length -%}
        {%- do errors.append('source: each at most once, and at least one') -%}
    {%- endif -%}
    {%- if policy not in ['now', 'then'] -%}
        {%- do errors.append("policy: now (today's declarations) or then (those of the run), got '" ~ policy ~ "'") -%}
    {%- endif -%}
    {%- if max_age is not none and provender.duration_seconds(max_age) is none -%}
        {%- do errors.append("max_age: a duration like 12h, got '" ~ max_age ~ "'") -%}
    {%- endif -%}
    {{- return(errors) -}}
{% endmacro %}


{#- A relation's columns in lower case, each with its type; none of a subquery, or of what is not built yet. -#}
{% macro _columns_of(spine) %}
    {%- set relation = none if spine is string else load_relation(spine) -%}
    {%- set columns = {} -%}
    {%- for column in (adapter.get_columns_in_relation(relation) if relation else []) -%}
        {%- do columns.update({column.name | lower: column.data_type | lower}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
