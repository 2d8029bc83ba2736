{#- Every source table a feature view descends from says when its rows are readable, when it is late, and who answers. -#}
{% macro _check_sources(views) %}
    {%- set found = [] -%}
    {%- for id in provender._feature_lineage() if id in graph.sources -%}
        {%- set node = graph.sources[id] -%}
        {%- set where = 'source ' ~ node.source_name ~ '.' ~ node.name -%}
        {%- set contract = provender._meta(node, 'source_contract') -%}
        {%- set known = provender._meta_mapping(node, 'source_contract') -%}
        {%- if contract is not none -%}
            {%- do found.extend(provender._unknown_keys(where, 'source_contract', contract, ['settle', 'owner'])) -%}
        {%- endif -%}
        {%- if 'settle' not in known -%}
            {%- do found.append(provender._violation(
                where, 'no `settle`', 'nothing', 'Write the time from load stamp to readable on the table (dbt does not merge source_contract '
                ~ 'from the source): `config: {meta: {source_contract: {settle: 2m}}}`'
            )) -%}
        {%- elif provender.duration_seconds(known.settle) is none -%}
            {%- do found.append(provender._not_a_duration(where, '`settle`', known.settle)) -%}
        {%- endif -%}
        {%- if not known.get('owner') -%}
            {%- do found.append(provender._violation(where, 'no owner', 'nothing', 'Write who answers for it: `source_contract: {owner: …}`')) -%}
        {%- endif -%}
        {%- if not provender._declares_freshness(node) -%}
            {%- do found.append(provender._violation(
                where, 'no freshness', 'nothing', 'Write `config: {freshness: {warn_after: {count: 1, period: hour}}, loaded_at_field: …}`'
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _declares_freshness(node) %}
    {%- set freshness = node.config.get('freshness') or node.get('freshness') or {} -%}
    {{- return(
        (freshness.get('warn_after') or {}).get('count') is not none or (freshness.get('error_after') or {}).get('count') is not none
    ) -}}
{% endmacro %}
