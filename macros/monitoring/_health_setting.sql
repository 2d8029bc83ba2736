{#- `vars: provender: health: {window: 7d, unread_after: 30d, notice: 30d, monitors_max_age: 25h}`; the last is what `provender status` goes by. -#}
{% macro _health_setting(name) %}
    {%- set defaults = {'window': '7d', 'unread_after': '30d', 'notice': '30d', 'monitors_max_age': '25h'} -%}
    {%- set given = provender._setting('health', {}) -%}
    {%- set errors = [] -%}
    {%- if given is not mapping -%}
        {%- do errors.append('a mapping like {window: 7d, unread_after: 30d}, got ' ~ provender._shown(given)) -%}
    {%- else -%}
        {%- for key, value in given.items() -%}
            {%- if key not in defaults -%}
                {%- do errors.append('unknown ' ~ provender._shown(key) ~ '; it has ' ~ defaults | join(', ')) -%}
            {%- elif provender.duration_seconds(value) is none -%}
                {%- do errors.append(key ~ ': a duration like ' ~ defaults[key] ~ ', got ' ~ provender._shown(value)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('vars: provender: health:\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, defaults[name])) -}}
{% endmacro %}


{#- What an age may be above its SLA before it is trouble: runs and pushes need a moment. Seconds. -#}
{% macro _grace_seconds() %}{{ return(120) }}{% endmacro %}
