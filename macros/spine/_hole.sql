{#- The name that stands where the spine was, in a stored definition. Whoever fills it writes a CTE of that name. -#}
{% macro _hole() %}{{ return('__provender_spine__') }}{% endmacro %}


{#- The compiled SQL with each spine cut out. -#}
{% macro _cut_spines(compiled) %}
    {%- set spine = '\\(\\s*/\\* provender:spine \\w+ \\*/.*?/\\* provender:end \\*/\\s*\\)' -%}
    {{- return(modules.re.sub(spine, provender._hole(), compiled, flags=modules.re.DOTALL)) -}}
{% endmacro %}
