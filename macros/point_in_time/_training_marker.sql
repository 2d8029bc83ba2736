{#- What a join was asked for, as a comment in its SQL: record_definition reads it there, when the model that holds it is built. Where the join
    ends, and what its spine is, two more markers tell, to who compares definitions. -#}
{% macro _training_marker(spine, views, sources, as_of) -%}
    {%- set asked = [] -%}
    {%- for view in views -%}
        {%- do asked.append({
            'view': view.name, 'version': view.version, 'as': view.as, 'columns': view.columns, 'policy': view.policy, 'max_age': view.max_age,
            'keys': view.spine_keys,
            'recomputed_by': provender._last_definition(view.unique_id, 'fingerprint') if 'recompute' in sources else none,
        }) -%}
    {%- endfor -%}
    /* provender:training {{ tojson({'as_of': as_of, 'source': sources, 'spine': provender._spine_fingerprint(spine), 'views': asked}, sort_keys=True) }} */
{%- endmacro %}


{#- The calls of point_in_time_join in compiled SQL. -#}
{% macro _training_calls(compiled) %}
    {%- set calls = [] -%}
    {%- for found in modules.re.findall('/\\* provender:training (.*?) \\*/', compiled or '') -%}
        {%- do calls.append(fromjson(found)) -%}
    {%- endfor -%}
    {{- return(calls) -}}
{% endmacro %}


{#- The fingerprint of the model that is the spine; of a subquery, or a source, a hash of what it is called by. -#}
{% macro _spine_fingerprint(spine) %}
    {%- for node in provender._nodes('model') if node.relation_name == spine | string -%}
        {{- return(provender._last_definition(node.unique_id, 'fingerprint')) -}}
    {%- endfor -%}
    {{- return(local_md5((spine | string).replace(provender._as_of_text(), '__provender_as_of__'))) -}}
{% endmacro %}
