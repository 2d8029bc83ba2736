{% macro as_of() %}
    {{- return("cast('" ~ provender._as_of_text() ~ "' as timestamp)") -}}
{% endmacro %}


{#- The run's as_of as UTC text with microseconds: `--vars '{as_of: …}'`, else PROVENDER_AS_OF, else the start of the run. While dbt
    parses, the environment is not asked: dbt would parse anew, at every other as_of, all that it was asked for. -#}
{% macro _as_of_text() %}
    {%- set given = var('as_of', none) -%}
    {%- set name = 'as_of' if given is not none else 'PROVENDER_AS_OF' -%}
    {%- set given = env_var('PROVENDER_AS_OF', '') or none if given is none and execute else given -%}
    {{- return(run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') if given is none else provender._instant_text(given, name)) -}}
{% endmacro %}


{#- A time somebody gave, as UTC text with microseconds. Raises, by the name they gave it under, when it is none. -#}
{% macro _instant_text(given, name) %}
    {%- set iso = '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?$' -%}
    {%- if not modules.re.match(iso, given | string) or not provender._is_date((given | string)[:10]) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ": not a time, got '" ~ given ~ "'. Write it in ISO 8601 and UTC, like 2026-03-02T08:00:00Z."
        ) -%}
    {%- endif -%}
    {%- set parsed = modules.datetime.datetime.fromisoformat(given | string) -%}
    {%- if parsed.tzinfo -%}
        {%- set parsed = parsed.astimezone(modules.pytz.utc) -%}
    {%- endif -%}
    {{- return(parsed.strftime('%Y-%m-%d %H:%M:%S.%f')) -}}
{% endmacro %}
