{#- The first local time after `local_time` at which the clock reads `clock` (see clock_time),
    today or tomorrow. -#}
{% macro next_showing(local_time, clock) -%}
    case
        when date_trunc('day', {{ local_time }}) + {{ clock }} > {{ local_time }}
            then date_trunc('day', {{ local_time }}) + {{ clock }}
        else date_trunc('day', {{ local_time }}) + {{ clock }} + interval '1 day'
    end
{%- endmacro %}
