{% macro to_utc(local_time, zone) %}
    {{- return(adapter.dispatch('to_utc', 'provender')(local_time, zone)) -}}
{% endmacro %}


{#- DuckDB raises on an unknown zone name, so the name is looked up first. A local time that the clock skipped does not come
    back from UTC as itself; one that it showed twice comes back from a neighbouring hour too. Neither can be placed. In UTC
    all are. -#}
{% macro duckdb__to_utc(local_time, zone) -%}
    {#- Text with an offset is no local time, and DuckDB would drop the offset; nor are 'infinity' and years out of range. -#}
    {%- set clock = "'\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?'" -%}
    {%- set local = 'case when regexp_full_match(cast(' ~ local_time ~ ' as varchar), ' ~ clock ~ ') then try_cast(' ~ local_time ~ ' as timestamp) end' -%}
    {%- set utc = 'timezone(' ~ zone ~ ', ' ~ local ~ ')' -%}
    {%- if zone == "'UTC'" -%}
    {{ local }}
    {%- else -%}
    case
        when not coalesce({{ zone }} in (select name from pg_timezone_names()), false) then null
        when
            timezone({{ zone }}, {{ utc }}) = {{ local }}
            {%- for shift in ['30 minutes', '1 hour', '2 hours', '3 hours'] %}
            and timezone({{ zone }}, {{ utc }} + interval '{{ shift }}') != {{ local }}
            and timezone({{ zone }}, {{ utc }} - interval '{{ shift }}') != {{ local }}
            {%- endfor %}
            then timezone('UTC', {{ utc }})
    end
    {%- endif -%}
{%- endmacro %}
