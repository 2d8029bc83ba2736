{#- What an age may be above its SLA before it is trouble: runs and pushes need a moment. Seconds. -#}
{% macro _grace_seconds() %}{{ return(120) }}{% endmacro %}
