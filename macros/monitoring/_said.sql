{#- A time in a sentence, to the second. -#}
{% macro _said_at(at) -%}
    (cast(date_trunc('second', {{ at }}) as varchar) || ' UTC')
{%- endmacro %}


{#- Seconds in a sentence, in the unit one would use. -#}
{% macro _said_seconds(seconds) -%}
    (case
        when {{ seconds }} < 120 then cast(cast(round({{ seconds }}) as bigint) as varchar) || ' s'
        when {{ seconds }} < 7200 then cast(cast(round({{ seconds }} / 60.0) as bigint) as varchar) || ' min'
        when {{ seconds }} < 172800 then cast(round({{ seconds }} / 3600.0, 1) as varchar) || ' h'
        else cast(round({{ seconds }} / 86400.0, 1) as varchar) || ' days'
    end)
{%- endmacro %}


{#- A share in a sentence. -#}
{% macro _said_share(share) -%}
    (cast(round(100.0 * {{ share }}, 1) as varchar) || ' %')
{%- endmacro %}
