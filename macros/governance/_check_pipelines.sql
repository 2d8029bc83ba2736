{#- The block `vars: provender: replaced_pipelines`: what computed the same before, or still does; `success_measures` counts it. -#}
{% macro _check_pipelines() %}
    {%- set where = 'vars: provender' -%}
    {%- set declared = provender._setting('replaced_pipelines', []) -%}
    {%- if declared is string or declared is mapping or declared is not iterable -%}
        {{- return([provender._violation(
            where, '`replaced_pipelines` is not a list', provender._shown(declared),
            'Write one mapping each: {name: fraud_velocity_etl, owner: fraud, replaced_by: [device_activity], gone_on: 2026-02-14}'
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- set names = [] -%}
    {%- for pipeline in declared -%}
        {%- set label = where ~ ': replaced_pipelines: ' ~ (pipeline.get('name') or loop.index if pipeline is mapping else loop.index) -%}
        {%- do found.extend(provender._unknown_keys(label, 'replaced_pipelines', pipeline, ['name', 'owner', 'replaced_by', 'gone_on'])) -%}
        {%- if pipeline is mapping -%}
            {%- do found.extend(provender._check_pipeline(label, pipeline)) -%}
            {%- if pipeline.get('name') in names -%}
                {%- do found.append(provender._violation(label, 'is declared twice', provender._shown(pipeline.name), 'Count each pipeline once')) -%}
            {%- endif -%}
            {%- do names.append(pipeline.get('name')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_pipeline(label, pipeline) %}
    {%- set found = [] -%}
    {%- for key in ['name', 'owner'] if pipeline.get(key) is not string or not pipeline.get(key) -%}
        {%- do found.append(provender._violation(label, '`' ~ key ~ '` is not a text', provender._shown(pipeline.get(key)), 'Write who it is: `' ~ key ~ ': …`')) -%}
    {%- endfor -%}
    {%- set views = provender._feature_view_nodes() | map(attribute='name') | unique | list -%}
    {%- set replaced_by = pipeline.get('replaced_by') -%}
    {%- if replaced_by is string or replaced_by is mapping or replaced_by is not iterable or not replaced_by -%}
        {%- do found.append(provender._violation(
            label, '`replaced_by` is not a list', provender._shown(replaced_by), 'Name the feature views that do its work: [device_activity]'
        )) -%}
    {%- else -%}
        {%- for view in replaced_by if view not in views -%}
            {%- do found.append(provender._violation(
                label, 'unknown feature view in `replaced_by`', provender._shown(view),
                ('Did you mean `' ~ provender._nearest(view, views) ~ '`? ' if views else '') ~ 'Name feature views, without a version'
            )) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if 'gone_on' in pipeline and not provender._is_day(pipeline.gone_on) -%}
        {%- do found.append(provender._violation(
            label, '`gone_on` is not a date', provender._shown(pipeline.gone_on), 'Write the day on which it last ran, like 2026-02-14; while it runs, leave it out'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}
