{#- The present of this run, UTC: the wall clock; in a rehearsal (`--vars '{rehearsal: true}'`) time stands still at as_of. -#}
{% macro _run_clock() %}
    {%- if var('rehearsal', false) -%}
        {{- return(provender.as_of()) -}}
    {%- endif -%}
    {{- return("cast('" ~ provender._now_text() ~ "' as timestamp)") -}}
{% endmacro %}


{% macro _now_text() %}
    {{- return(modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')) -}}
{% endmacro %}
