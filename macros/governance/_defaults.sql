{#- A default as JSON can hold it. YAML dates are date objects on a full parse and text on a partial one: always text here;
    a timestamp is YYYY-MM-DDTHH:MM:SS.ffffff, as in the online store. -#}
{% macro _plain_default(value, data_type) %}
    {%- set text = value.isoformat() if value.isoformat is defined else value -%}
    {%- set found = modules.re.fullmatch('([0-9-]{10})[T ]([0-9:]{8})(\\.[0-9]{1,6})?', text if text is string else '') -%}
    {%- if found and provender._type_class(data_type) == 'timestamp' -%}
        {{- return(found.group(1) ~ 'T' ~ found.group(2) ~ (found.group(3) or '.').ljust(7, '0')) -}}
    {%- endif -%}
    {{- return(text) -}}
{% endmacro %}


{#- What a default of this type has to be, as a sentence; none when the value is that. Null is always one. -#}
{% macro _wanted_default(value, data_type) %}
    {%- set class = provender._type_class(data_type) -%}
    {%- set value = provender._plain_default(value, data_type) -%}
    {%- set number = value is integer or (value is float and value | string not in ['nan', 'inf', '-inf']) -%}
    {%- if value is none or class is none -%}
        {{- return(none) -}}
    {%- elif class == 'integer' -%}
        {%- set range = provender._integer_range(provender._type_name(data_type)) or (0, 0) -%}
        {{- return(none if value is integer and range[0] <= value <= range[1] else 'Write a whole number from ' ~ range[0] ~ ' to ' ~ range[1]) -}}
    {%- elif class == 'decimal' -%}
        {{- return(none if number and provender._fits_decimal(value, data_type) else 'Write a number that fits ' ~ data_type) -}}
    {%- elif class == 'date' -%}
        {{- return(none if provender._is_date(value) else 'Write a date like 2020-02-29') -}}
    {%- elif class == 'timestamp' -%}
        {%- set clock = modules.re.fullmatch('.{10}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}', value | string) -%}
        {{- return(none if value is string and clock and provender._is_date(value[:10]) else 'Write a UTC time without zone like 2020-02-29 13:00:00') -}}
    {%- endif -%}
    {%- set right = {'double': number, 'boolean': value is boolean, 'text': value is string}[class] -%}
    {{- return(none if right else 'Write ' ~ {'double': 'a finite number', 'boolean': 'true or false', 'text': 'a text, in quotes'}[class]) -}}
{% endmacro %}


{% macro _fits_decimal(value, data_type) %}
    {%- set sizes = modules.re.findall('[0-9]+', data_type | string) | map('int') | list -%}
    {%- set scale = sizes[1] if sizes | length > 1 else 0 -%}
    {{- return(not sizes or (value | abs < 10 ** (sizes[0] - scale) and value | round(scale) == value)) -}}
{% endmacro %}


{#- Jinja has no try: a day beyond its month is seen by counting on from the first. -#}
{% macro _is_date(text) %}
    {%- if text is not string or not modules.re.fullmatch('(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', text) -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set first = modules.datetime.date(text[:4] | int, text[5:7] | int, 1) -%}
    {{- return((text[8:] | int) <= 28 or (first + modules.datetime.timedelta(days=(text[8:] | int) - 1)).month == first.month) -}}
{% endmacro %}


{#- YAML makes a date of one; dbt, text of it. -#}
{% macro _is_day(value) %}
    {{- return(modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', value | string) is not none and provender._is_date(value | string)) -}}
{% endmacro %}
