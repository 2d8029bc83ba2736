{#- All, halved until no more than `max_rows` are looked at. Halves, so that the same keys are looked at from day to day. -#}
{% macro _drift_share(rows) %}
    {%- set ns = namespace(share=1.0) -%}
    {%- for _ in range(40) if rows * ns.share > provender._monitor_setting('drift', 'max_rows') -%}
        {%- set ns.share = ns.share / 2 -%}
    {%- endfor -%}
    {{- return(ns.share) -}}
{% endmacro %}
