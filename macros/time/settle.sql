{% macro settle(source) %}
    {%- if not execute -%}
        {{- return(provender.duration('1s')) -}}
    {%- endif -%}
    {%- for node in graph.sources.values() if [node.source_name, node.name] == source | list -%}
        {%- set contract = (node.config.get('meta') or {}).get('source_contract') or {} -%}
        {%- if provender.duration_seconds(contract.get('settle')) -%}
            {{- return(provender.duration(contract.settle)) -}}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        "settle: no declared settle for source '" ~ source | join('.') ~ "'. Put `config: {meta: {source_contract: {settle: 2m}}}` "
        ~ "on that table: the time between its load stamp and its being readable."
    ) -%}
{% endmacro %}
