{#- The namespace that services read: `vars: {provender: {namespace: …}}`, else what push-online uses when it is told none. -#}
{% macro _namespace() %}
    {{- return(provender._setting('namespace', (project_name ~ '.' ~ target.name) | lower)) -}}
{% endmacro %}
