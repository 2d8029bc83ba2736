{#- A clock written as a number, 1530 or 2400, as time since midnight; null when no clock shows it. -#}
{% macro clock_time(number) -%}
    case
        when {{ number }} between 0 and 2400 and {{ number }} % 100 < 60
            then to_hours(cast({{ number }} // 100 as bigint)) + to_minutes(cast({{ number }} % 100 as bigint))
    end
{%- endmacro %}
