{#- One row per dbt test, data or unit, of a feature view or its history. -#}
{% macro _feature_test_rows(views=none) %}
    {%- set tested = {} -%}
    {%- for view in (provender.feature_views() if views is none else views) -%}
        {%- do tested.update({view.unique_id: view}) -%}
        {%- if view.history -%}
            {%- do tested.update({view.history.unique_id: view}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for node in provender._nodes('test') -%}
        {%- for id in node.depends_on.nodes if id in tested -%}
            {%- do rows.append(provender._feature_test(node, tested[id], 'data')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set units = graph.get('unit_tests') or {} -%}
    {%- for unit in units | sort(case_sensitive=true) -%}
        {%- set node = units[unit] -%}
        {#- it names by what it is made of, too; it is of the model that it runs -#}
        {%- for id in node.depends_on.nodes[:1] if id in tested -%}
            {%- do rows.append(provender._feature_test(node, tested[id], 'unit')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'view': 'varchar', 'version': 'integer', 'test': 'varchar', 'kind': 'varchar', 'column_name': 'varchar', 'severity': 'varchar',
    })) -}}
{% endmacro %}


{% macro _feature_test(node, view, kind) %}
    {{- return({
        'view': view.name, 'version': view.version, 'test': node.name, 'kind': kind, 'column_name': node.get('column_name'),
        'severity': (node.config.get('severity') or 'error') | lower,
    }) -}}
{% endmacro %}
