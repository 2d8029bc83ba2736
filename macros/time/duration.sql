{% macro duration(text) %}
    {%- if provender.duration_seconds(text) is none -%}
        {%- do exceptions.raise_compiler_error(
            "duration: not a duration, got '" ~ text ~ "'. Write a whole number and s, m, h or d, like 10m or 30d."
        ) -%}
    {%- endif -%}
    {%- set unit = {'s': 'seconds', 'm': 'minutes', 'h': 'hours', 'd': 'days'}[text[-1]] -%}
    {{- return(adapter.dispatch('duration', 'provender')(text[:-1], unit)) -}}
{% endmacro %}


{% macro default__duration(count, unit) -%}
    interval '{{ count }} {{ unit }}'
{%- endmacro %}
