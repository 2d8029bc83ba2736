{#- {sql, jinja} of raw model code: the SQL without comments, literals and quoted names, and the Jinja without comments.
    Jinja is taken out first: in '{{ run_started_at }}' the quotes are SQL, what stands between is not. -#}
{% macro _strip_code(raw) %}
    {%- set code = modules.re.sub('\\{#.*?#\\}', ' ', raw or '', flags=modules.re.DOTALL) -%}
    {%- set jinja = '\\{\\{.*?\\}\\}|\\{%.*?%\\}' -%}
    {{- return({
        'sql': provender._strip_sql(modules.re.sub(jinja, ' ', code, flags=modules.re.DOTALL)),
        'jinja': modules.re.findall(jinja, code, flags=modules.re.DOTALL) | join('\n'),
    }) -}}
{% endmacro %}


{#- SQL without comments, literals and quoted names. 'now' cast to a time stays: it is a clock. -#}
{% macro _strip_sql(sql) %}
    {%- set quoted = "'(?:[^']|'')*'" ~ '|"(?:[^"]|"")*"|`[^`]*`' -%}
    {%- set bare = modules.re.sub('--[^\\n]*|/\\*.*?\\*/|(' ~ quoted ~ ')', ' \\1 ', sql, flags=modules.re.DOTALL) -%}
    {%- set literal = "'(now|today|tomorrow|yesterday)'" -%}
    {%- set clock = modules.re.sub(
        literal ~ '\\s*(?=::\\s*(?:date|time))|\\b(?:date|time\\w*)\\s*' ~ literal ~ '|' ~ literal ~ '\\s*(?=as\\s+(?:date|time))',
        ' now() ', bare, flags=modules.re.IGNORECASE
    ) -%}
    {{- return(modules.re.sub(quoted, ' ', clock, flags=modules.re.DOTALL)) -}}
{% endmacro %}
