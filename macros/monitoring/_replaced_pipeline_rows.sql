{#- One row per pipeline of `vars: provender: replaced_pipelines`; `gone_on` is null while it runs. -#}
{% macro _replaced_pipeline_rows() %}
    {%- set rows = [] -%}
    {%- for pipeline in provender._setting('replaced_pipelines', []) -%}
        {#- a date, or text: dbt reads YAML both ways -#}
        {%- do rows.append({
            'name': pipeline.name, 'owner': pipeline.owner, 'gone_on': pipeline.gone_on | string if 'gone_on' in pipeline else none,
        }) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'name': 'varchar', 'owner': 'varchar', 'gone_on': 'date'})) -}}
{% endmacro %}
