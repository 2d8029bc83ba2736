{% macro feature_services() %}
    {{- return(provender._feature_services(provender.feature_views()) if execute else []) -}}
{% endmacro %}


{% macro _feature_services(views) %}
    {%- set services = [] -%}
    {%- for node in (provender._service_nodes() if execute else []) if node.type == 'ml' -%}
        {%- set read = provender._service_views(node, views) -%}
        {%- do services.append({
            'service': node.name,
            'unique_id': node.unique_id,
            'owner': node.owner.name or node.owner.email,
            'description': node.description,
            'latency_budget_ms': provender._budget_ms(provender._meta_mapping(node, 'feature_service').get('latency_budget')),
            'views': provender._view_versions(read),
            'features': provender._service_features(node, read).features,
            'keys': provender._service_keys(read),
        }) -%}
    {%- endfor -%}
    {{- return(services) -}}
{% endmacro %}


{#- Exposures that carry `feature_service`, by unique_id. -#}
{% macro _service_nodes() %}
    {%- set nodes = [] -%}
    {%- for id in graph.exposures | sort(case_sensitive=true) if 'feature_service' in (graph.exposures[id].config.get('meta') or {}) -%}
        {%- do nodes.append(graph.exposures[id]) -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{% macro _ml_exposures() %}
    {%- set nodes = [] -%}
    {%- for id in graph.exposures | sort(case_sensitive=true) if graph.exposures[id].type == 'ml' -%}
        {%- do nodes.append(graph.exposures[id]) -%}
    {%- endfor -%}
    {{- return(nodes) -}}
{% endmacro %}


{% macro _view_versions(views) %}
    {%- set named = [] -%}
    {%- for view in views -%}
        {%- do named.append({'view': view.name, 'version': view.version}) -%}
    {%- endfor -%}
    {{- return(named) -}}
{% endmacro %}


{#- Milliseconds of a latency budget like 20ms or 1s; none when it is not one. -#}
{% macro _budget_ms(text) %}
    {%- set found = modules.re.fullmatch('([0-9]{1,9})(ms|s)', text if text is string else '') -%}
    {%- set ms = (found.group(1) | int) * (1 if found.group(2) == 'ms' else 1000) if found else 0 -%}
    {{- return(ms or none) -}}
{% endmacro %}
