{#- UTC to the local time of a zone, always unique. The zone must be one the database knows. -#}
{% macro to_local(utc, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ utc }}))
{%- endmacro %}
