{#- The share of keys that a monitor compares: as declared; else all, halved until there are no more than a million of what it counts (`rows`,
    SQL of one number). Halves, so that the same keys are compared from day to day. -#}
{% macro _window_share(monitor, rows) %}
    {%- set declared = provender._monitor_setting(monitor, 'share') -%}
    {%- if declared is not none -%}
        {{- return(declared) -}}
    {%- endif -%}
    {%- set ns = namespace(share=1.0) -%}
    {%- set many = run_query(rows)[0][0] | float -%}
    {%- for _ in range(32) if many * ns.share > 1000000 -%}
        {%- set ns.share = ns.share / 2 -%}
    {%- endfor -%}
    {{- return(ns.share) -}}
{% endmacro %}
