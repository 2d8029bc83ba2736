{#- No adapter writes this differently: it makes a number, not SQL. A century is the bound: beyond it an interval overflows
    and "for ever" would come back by another name. -#}
{% macro duration_seconds(text) %}
    {%- set found = modules.re.fullmatch('([0-9]{1,12})([smhd])', text if text is string else '') -%}
    {%- set seconds = (found.group(1) | int) * {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[found.group(2)] if found else 0 -%}
    {{- return(seconds if 0 < seconds <= 36525 * 86400 else none) -}}
{% endmacro %}
