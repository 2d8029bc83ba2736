{#- What a macro without arguments returns, worked out once an invocation and kept in dbt's graph, which all nodes of it share: a
    graph of hundreds of nodes is slow to read, and says the same all the time. Whoever is given it changes nothing in it. -#}
{% macro _once(name, work_out) %}
    {%- if not graph.setdefault -%}
        {{- return(work_out()) -}}
    {%- endif -%}
    {%- set known = graph.setdefault('provender ' ~ invocation_id, {}) -%}
    {%- if name not in known -%}
        {%- do known.update({name: work_out()}) -%}
    {%- endif -%}
    {{- return(known[name]) -}}
{% endmacro %}
