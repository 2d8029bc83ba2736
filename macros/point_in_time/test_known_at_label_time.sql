{% test known_at_label_time(model, views, at='as_of', keys={}, source='history', policy='now', max_age=none, features=none) %}
    {%- if provender._is_testable() -%}
        {%- set sources = [source] if source is string else source -%}
        {%- set columns = provender._names_of_columns(model) -%}
        {%- do provender._refuse_test_options(model, sources, policy, max_age) -%}
        {%- set asked = provender._views_of_training(views, keys, policy, max_age, features) -%}
        {%- set cells = provender._cells_of_training(asked, columns, sources) -%}
        {%- do provender._refuse_test_columns(model, asked, cells, columns, at, sources) -%}
        {{- adapter.dispatch('known_at_label_time', 'provender')(model, asked, cells, at, sources) -}}
    {%- endif -%}
{% endtest %}


{#- The join is asked again, of the set's own keys and times; what it says stands beside what the set has. -#}
{% macro default__known_at_label_time(model, views, cells, at, sources) -%}
    with training as (

        select * from {{ model }}

    ),

    asked as (

        select
            {%- for column in provender._spine_columns_of(views, sources) %}
            {{ column }},
            {%- endfor %}
            {%- for cell in cells %}
            {{ cell.column }} as {{ cell.got }},
            {%- endfor %}
            cast({{ at }} as timestamp) as asked_at
        from training

    ),

    known as (

        select * from {{ adapter.dispatch('point_in_time_join', 'provender')('asked', views, sources, 'asked_at', true) }} as joined

    ),

    wrong as (

        select * from known
        where
            {%- for cell in cells %}
            {{ 'or ' if not loop.first }}{{ provender._differ(cell.got, cell.known, cell.type) }}
            {%- endfor %}

    ),

    final as (

        {%- for cell in cells %}
        select
            '{{ cell.view.label }}' as view,
            {{ provender._keys_as_text(cell.view.spine_keys) }} as key,
            asked_at as at,
            '{{ cell.column }}' as feature,
            cast({{ cell.got }} as varchar) as got,
            cast({{ cell.known }} as varchar) as known,
            {{ provender._why_not_known(cell.view, cell.feature) }} as why
        from wrong
        where {{ provender._differ(cell.got, cell.known, cell.type) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

    select * from final
{%- endmacro %}


{#- The views as point_in_time_join takes them, from the graph: a test that named a history by ref() would run with every build of that
    history, also where the training set is not built. -#}
{% macro _views_of_training(labels, keys, policy, max_age, features) %}
    {%- set relations = {} -%}
    {%- for name, model in {'runs': 'run_availability', 'definitions': 'definitions', 'decisions': 'decisions', 'served': 'decision_features'}.items() -%}
        {%- do relations.update({name: graph.nodes.get('model.provender.' ~ model, {}).get('relation_name')}) -%}
    {%- endfor -%}
    {%- set known = [] -%}
    {%- for label in labels -%}
        {%- do known.append(provender._labelled_view(label)) -%}
    {%- endfor -%}
    {%- set asked = [] -%}
    {%- for view in provender._name_columns(known, features, {}) if view.asked -%}
        {%- set named = {} -%}
        {%- for feature in view.asked -%}{%- do named.update({feature.name: 'known__' ~ view.as ~ '__' ~ feature.name}) -%}{%- endfor -%}
        {%- do asked.append(dict(
            view, columns=named, called=view.columns, relations=dict(relations, history=provender._history_relation(view)),
            spine_keys=provender._spine_keys(view, keys), t='spine.asked_at', policy=policy, max_age=provender.duration_seconds(max_age)
        )) -%}
    {%- endfor -%}
    {{- return(asked) -}}
{% endmacro %}


{#- The columns to compare: those of the views that the training set has, each with what it is called there and in the join of the test. A
    feature is `<view>__<feature>` where the spine had that name, else as the join names it. -#}
{% macro _cells_of_training(views, columns, sources) %}
    {%- set cells = [] -%}
    {%- for view in views -%}
        {%- for feature in view.asked -%}
            {%- set names = [view.name ~ '__' ~ feature.name, view.as ~ '__' ~ feature.name, view.called[feature.name]] -%}
            {%- set found = names | map('lower') | select('in', columns) | first -%}
            {%- if found -%}
                {%- do cells.append({
                    'view': view, 'feature': feature.name, 'type': feature.type, 'column': found,
                    'known': view.columns[feature.name], 'got': 'got__' ~ view.as ~ '__' ~ feature.name,
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for said in ['as_of', 'age', 'status', 'not_computed'] + (['source'] if sources | length > 1 else []) -%}
            {%- set name = view.as ~ '__' ~ said -%}
            {%- if name | lower in columns -%}
                {%- do cells.append({'view': view, 'feature': none, 'type': none, 'column': name, 'known': name, 'got': 'got__' ~ name}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(cells) -}}
{% endmacro %}


{#- Keys, and the decision where the log of them is asked: each once, though several views have it. -#}
{% macro _spine_columns_of(views, sources) %}
    {%- set columns = [] -%}
    {%- for view in views -%}{%- do columns.extend(view.spine_keys.values()) -%}{%- endfor -%}
    {{- return((columns + (['decision_id'] if 'served' in sources else [])) | unique | list) -}}
{% endmacro %}


{% macro _why_not_known(view, feature) -%}
    case
                {%- if feature %}
                when {{ view.as }}__status <> 'not_computed' and ', ' || {{ view.as }}__not_computed || ', ' like '%, {{ feature }}, %'
                    then 'what was available then did not have it'
                {%- endif %}
                when {{ view.as }}__status = 'not_computed' then 'nothing was available then'
                when {{ view.as }}__status = 'missing' then 'the key was not in ' || {{ view.as }}__as_of || ', which was available then'
                when {{ view.as }}__status = 'expired' then {{ view.as }}__as_of || ', which was available then, had expired'
                else {{ view.as }}__as_of || ', which was available then, says otherwise'
            end
{%- endmacro %}


{% macro _keys_as_text(keys) -%}
    {%- for key, column in keys.items() -%}
        '{{ key }}=' || coalesce(cast({{ column }} as varchar), 'null'){{ " || ', ' || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro _refuse_test_options(model, sources, policy, max_age) %}
    {%- set errors = provender._option_errors(sources, policy, max_age) -%}
    {%- do provender._raise_test_errors('known_at_label_time', model, errors) -%}
{% endmacro %}


{% macro _refuse_test_columns(model, views, cells, columns, at, sources) %}
    {%- set errors = [] -%}
    {%- for column in [at] + provender._spine_columns_of(views, sources) if column | lower not in columns -%}
        {%- do errors.append("it has no column '" ~ column ~ "'; name its own with keys: {…} or at: …") -%}
    {%- endfor -%}
    {%- for view in views -%}
        {%- set own = cells | selectattr('view.label', 'equalto', view.label) | list -%}
        {%- if not own | selectattr('feature') | list -%}
            {%- do errors.append("it has no feature of '" ~ view.label ~ "': " ~ view.called.values() | join(', ')) -%}
        {%- endif -%}
        {%- if sources | length == 1 and view.as ~ '__source' in columns -%}
            {%- do errors.append("it has '" ~ view.as ~ "__source', so it was joined from several sources; name them as the join does, source: […]") -%}
        {%- endif -%}
        {%- for feature in view.asked if feature.name != view.called[feature.name] and feature.name | lower in columns
            and feature.name not in own | map(attribute='feature') -%}
            {%- do errors.append("several of the views have '" ~ feature.name ~ "'; call it " ~ view.called[feature.name] ~ ", or say whose it is with features: […]") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do provender._raise_test_errors('known_at_label_time', model, errors) -%}
{% endmacro %}


{% macro _raise_test_errors(test, model, errors) %}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error(test ~ ' on ' ~ model ~ ':\n- ' ~ errors | unique | join('\n- ')) -%}
    {%- endif -%}
{% endmacro %}


{#- False where dbt compiles, or a linter does, before the first build: there are no columns to ask yet. -#}
{% macro _is_testable() %}
    {%- if not execute or invocation_args_dict.which in ['build', 'test', 'retry'] -%}
        {{- return(execute) -}}
    {%- endif -%}
    {%- set tested = graph.nodes[model.attached_node] -%}
    {{- return(adapter.get_relation(tested.database, tested.schema, tested.alias) is not none) -}}
{% endmacro %}


{#- In lower case. A test with `where` gets a subquery for its model, so they are asked of a query. -#}
{% macro _names_of_columns(model) %}
    {{- return(get_columns_in_query('select * from ' ~ model) | map('lower') | list) -}}
{% endmacro %}
