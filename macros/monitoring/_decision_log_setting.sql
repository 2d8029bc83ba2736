{#- `vars: provender: decision_log: {retention: 730d, land_within: 1h}`; without a retention decisions are kept for ever (none). -#}
{% macro _decision_log_setting(name) %}
    {%- set defaults = {'retention': none, 'land_within': '1h'} -%}
    {%- set given = provender._setting('decision_log', {}) -%}
    {%- set errors = [] -%}
    {%- if given is not mapping -%}
        {%- do errors.append('a mapping like {retention: 730d}, got ' ~ provender._shown(given)) -%}
    {%- else -%}
        {%- for key, value in given.items() -%}
            {%- if key not in defaults -%}
                {%- do errors.append('unknown ' ~ provender._shown(key) ~ '; it has ' ~ defaults | join(' and ')) -%}
            {%- elif provender.duration_seconds(value) is none -%}
                {%- do errors.append(key ~ ': a duration like 730d, got ' ~ provender._shown(value)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('vars: provender: decision_log:\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, defaults[name])) -}}
{% endmacro %}
