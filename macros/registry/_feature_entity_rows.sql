{% macro _feature_entity_rows() %}
    {%- set rows = [] -%}
    {%- for entity in provender.entities() -%}
        {%- do rows.append(dict(entity, entity=entity.name)) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'entity': 'varchar', 'unique_id': 'varchar', 'keys': 'varchar', 'description': 'varchar'})) -}}
{% endmacro %}
