{#- The wall clocks that SQL reads, each once, as written; comments and literals do not count. -#}
{% macro _wall_clocks(sql) %}
    {{- return(provender._clock_names(provender._strip_sql(sql or ''))) -}}
{% endmacro %}


{#- The wall clocks in raw model code, in its SQL and in its Jinja, and the run's own time. -#}
{% macro _wall_clocks_in_code(raw) %}
    {%- set code = provender._strip_code(raw) -%}
    {%- set run = 'current_timestamp_\\w+|run_started_at|invocation_id|invocation_args_dict|snapshot_get_time|modules\\s*\\.\\s*datetime' -%}
    {{- return(
        (provender._clock_names(code.sql) + provender._clock_names(code.jinja) + modules.re.findall('\\b(?:' ~ run ~ ')\\b', code.jinja))
        | unique | sort
    ) -}}
{% endmacro %}


{#- Reserved words need no brackets; other names only count as calls. age() of one argument counts to today. -#}
{% macro _clock_names(code) %}
    {%- set words = 'current_timestamp|current_date|current_time|localtimestamp|localtime|sysdate|systimestamp' -%}
    {%- set calls = 'now|today|getdate|getutcdate|get_current_timestamp|get_current_time|get_current_date|current_datetime'
        ~ '|current_localtimestamp|current_localtime|transaction_timestamp|statement_timestamp|clock_timestamp|timeofday'
        ~ '|sysdatetime|sysutcdatetime|sysdatetimeoffset|utc_timestamp|utc_date|utc_time|utcnow|curdate|curtime' -%}
    {%- set bare = '(?:(?<=dbt\\.)|(?<![\\w.$]))(?:' ~ words ~ ')(?!\\w)' -%}
    {%- set called = '(?<!\\w)(?:' ~ calls ~ ')\\s*\\(' -%}
    {%- set counting = '(?<!\\w)(?:unix_timestamp\\s*\\(\\s*\\)|age\\s*\\((?:[^(),]|\\([^()]*\\))*\\))' -%}
    {%- set names = [] -%}
    {%- for name in modules.re.findall(bare ~ '|' ~ called ~ '|' ~ counting, code | lower) -%}
        {%- do names.append(name[:-1].strip() ~ '()' if name.endswith('(') else name.split() | join(' ')) -%}
    {%- endfor -%}
    {{- return(names | unique | sort) -}}
{% endmacro %}
