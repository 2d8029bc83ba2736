{#- One row per view version: what is declared, each value with where it was declared. Here and in its like, who needs several tables
    gives what they are made of: to ask for it is what takes time. -#}
{% macro _feature_view_rows(views=none) %}
    {%- set rows = [] -%}
    {%- for view in (provender.feature_views() if views is none else views) -%}
        {%- set row = dict(view, **view.policies) -%}
        {%- set node = graph.nodes[view.unique_id] -%}
        {%- do row.update({
            'view': view.name, 'history': view.history.alias if view.history else none,
            'declared_in': provender.feature_view_origin(node), 'access': node.get('access') or node.config.get('access'),
            'deprecation_date': provender._utc_text(node.get('deprecation_date')), 'meta': provender._plain(provender.feature_view_config(node)),
        }) -%}
        {%- do rows.append(row) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'view': 'varchar', 'version': 'integer', 'unique_id': 'varchar', 'entity': 'varchar', 'keys': 'varchar', 'owner': 'varchar',
        'description': 'varchar', 'tags': 'varchar', 'ttl_seconds': 'bigint', 'freshness_sla_seconds': 'bigint', 'otherwise': 'varchar',
        'classification': 'varchar', 'log_values': 'boolean', 'lag_seconds': 'bigint', 'backfill': 'varchar', 'backfill_reason': 'varchar',
        'retention_seconds': 'bigint', 'access': 'varchar', 'deprecation_date': 'timestamp', 'meta': 'varchar',
        'history': 'varchar', 'declared_in': 'varchar',
    })) -}}
{% endmacro %}


{% macro _feature_rows(views=none) %}
    {%- set rows = [] -%}
    {%- for view in (provender.feature_views() if views is none else views) -%}
        {%- set declared = graph.nodes[view.unique_id].columns -%}
        {%- for feature in view.features -%}
            {%- set column = declared[feature.name] -%}
            {%- do rows.append({
                'view': view.name, 'version': view.version, 'feature': feature.name, 'position': loop.index, 'data_type': feature.type,
                'default_value': none if feature.default is none else feature.default | string, 'default_json': tojson(feature.default),
                'null_is': feature.null_is,
                'max_null_ratio': feature.max_null_ratio, 'tolerance': feature.tolerance, 'description': column.description, 'owner': view.owner,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'view': 'varchar', 'version': 'integer', 'feature': 'varchar', 'position': 'integer', 'data_type': 'varchar',
        'default_value': 'varchar', 'default_json': 'varchar', 'null_is': 'varchar', 'max_null_ratio': 'double', 'tolerance': 'double', 'description': 'varchar', 'owner': 'varchar',
    })) -}}
{% endmacro %}
