{#- What a join was asked for, as a comment in its SQL: record_definition reads it there, when the model that holds it is built. -#}
{% macro _training_marker(views, sources, as_of, metadata) -%}
    {%- set asked = [] -%}
    {%- for view in views -%}
        {%- do asked.append({
            'view': view.name, 'version': view.version, 'as': view.as, 'columns': view.columns, 'policy': view.policy, 'max_age': view.max_age,
        }) -%}
    {%- endfor -%}
    /* provender:training {{ tojson({'as_of': as_of, 'source': sources, 'metadata': metadata, 'views': asked}, sort_keys=True) }} */
{%- endmacro %}


{#- The calls of point_in_time_join in compiled SQL. -#}
{% macro _training_calls(compiled) %}
    {%- set calls = [] -%}
    {%- for found in modules.re.findall('/\\* provender:training (.*?) \\*/', compiled or '') -%}
        {%- do calls.append(fromjson(found)) -%}
    {%- endfor -%}
    {{- return(calls) -}}
{% endmacro %}
