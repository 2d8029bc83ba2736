{#- True when a local time reads as the clock written as a number; 2400 and 0 are the same reading. -#}
{% macro shows(local_time, number) -%}
    coalesce(hour({{ local_time }}) * 100 + minute({{ local_time }}) = {{ number }} % 2400, false)
{%- endmacro %}
