{% macro point_in_time_join(
    spine, views, keys={}, as_of='as_of', source='history', policy='now', max_age=none, metadata=true, features=none
) %}
    {%- set relations = {'runs': ref('provender', 'run_availability'), 'definitions': ref('provender', 'definitions')} -%}
    {%- set sources = [source] if source is string else source -%}
    {%- if 'served' in sources -%}
        {%- do relations.update({'decisions': ref('provender', 'decisions'), 'served': ref('provender', 'decision_features')}) -%}
    {%- endif -%}
    {%- set histories = [] -%}
    {%- for label in views -%}
        {%- do histories.append(provender._reads(label, sources)) -%}
    {%- endfor -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- set known = [] -%}
    {%- for label in views -%}
        {%- do known.append(dict(provender._labelled_view(label), relations=dict(relations, history=histories[loop.index0]))) -%}
    {%- endfor -%}
    {%- set columns = provender._columns_of(spine) -%}
    {%- do provender._refuse_join_arguments(known, columns, as_of, keys, sources, policy, max_age, features) -%}
    {%- set is_plain = columns.get(as_of | lower) == 'timestamp' -%}
    {%- set asked = [] -%}
    {%- for view in provender._name_columns(known, features, columns) if view.asked -%}
        {%- do asked.append(dict(
            view, spine_keys=provender._spine_keys(view, keys), t='spine.' ~ as_of if is_plain else 'cast(spine.' ~ as_of ~ ' as timestamp)',
            policy=policy, max_age=provender.duration_seconds(max_age)
        )) -%}
    {%- endfor -%}
    {{- return(adapter.dispatch('point_in_time_join', 'provender')(spine, asked, sources, as_of, metadata)) -}}
{% endmacro %}


{% macro default__point_in_time_join(spine, views, sources, as_of, metadata) -%}
    {%- set answered = [] -%}
    {%- for view in views -%}
        {%- do answered.append(dict(view, answers=provender._answers(view, sources, as_of))) -%}
    {%- endfor -%}
    (
        {{ provender._training_marker(spine, views, sources, as_of) }}
        with {{ provender._spine_ctes(spine, as_of) }}
        {%- for view in answered %}
        {%- for answer in view.answers if answer.ctes %},

        {{ answer.ctes }}
        {%- endfor %}
        {%- endfor %}

        select
            spine.*
            {%- for view in answered %}
            {%- for feature in view.asked %},
            {{ provender._value(view, feature) }} as {{ view.columns[feature.name] }}
            {%- endfor %}
            {%- if metadata %},
            {{ provender._metadata(view, sources) }}
            {%- endif %}
            {%- endfor %}
        from spine
        {%- for view in answered %}
        {%- for answer in view.answers %}
        {{ answer.joins }}
        {%- endfor %}
        {%- endfor %}
        /* provender:end_training */
    )
{%- endmacro %}


{#- The view's keys, each with what the spine calls it. -#}
{% macro _spine_keys(view, keys) %}
    {%- set columns = {} -%}
    {%- for key in view['keys'] -%}
        {%- do columns.update({key.name: keys.get(key.name, key.name)}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
