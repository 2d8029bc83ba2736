{#- One JSON line for the test to read. -#}
{% macro print_governance() %}
    {%- if execute -%}
        {%- set configs = {} -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- do configs.update({node.unique_id: [provender.feature_view_config(node), provender.feature_view_origin(node)]}) -%}
        {%- endfor -%}
        {%- set durations = {} -%}
        {%- for text in ['90s', '5m', '24h', '30d', '0m', '00m', '5', 'm', '1.5h', '-5m', '5M', ' 5m', '5m\n', '5 m', '1h30m', '36525d', '36526d', ''] -%}
            {%- do durations.update({text: provender.duration_seconds(text)}) -%}
        {%- endfor -%}
        {%- set clocks = [] -%}
        {%- for sql in var('clock_samples', []) -%}
            {%- do clocks.append(provender._wall_clocks_in_code(sql)) -%}
        {%- endfor -%}
        {%- set uses = {} -%}
        {%- for case, asked in var('uses_samples', {}).items() -%}
            {%- do uses.update({case: provender._allowed_uses({'access': asked.get('access', 'protected')}, asked)}) -%}
        {%- endfor -%}
        {{ print('GOVERNANCE ' ~ tojson({
            'views': provender.feature_views(),
            'services': provender.feature_services(),
            'entities': provender.entities(),
            'configs': configs,
            'durations': durations,
            'no_durations': [provender.duration_seconds(none), provender.duration_seconds(300), provender.duration_seconds(true)],
            'clocks': clocks,
            'uses': uses,
            'waivers': provender._waiver_rows(),
            'as_of': provender.as_of(),
            'lineage': provender._feature_lineage(),
        })) }}
    {%- endif -%}
{% endmacro %}
