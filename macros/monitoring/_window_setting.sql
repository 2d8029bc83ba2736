{#- `vars: provender: <monitor>: {window: 7d, share: 1.0}`: how far back the monitor looks, and at which share of the keys. -#}
{% macro _window_setting(monitor, name) %}
    {%- set defaults = {'window': '7d', 'share': none} -%}
    {%- set given = provender._setting(monitor, {}) -%}
    {%- set errors = [] -%}
    {%- if given is not mapping -%}
        {%- do errors.append('a mapping like {window: 7d, share: 0.1}, got ' ~ provender._shown(given)) -%}
    {%- else -%}
        {%- for key in given if key not in defaults -%}
            {%- do errors.append('unknown ' ~ provender._shown(key) ~ '; it has window and share') -%}
        {%- endfor -%}
        {%- if 'window' in given and provender.duration_seconds(given.window) is none -%}
            {%- do errors.append('window: a duration like 7d, got ' ~ provender._shown(given.window)) -%}
        {%- endif -%}
        {%- if 'share' in given and (given.share is not number or given.share is boolean or not 0 < given.share <= 1) -%}
            {%- do errors.append('share: a number above 0 and up to 1, got ' ~ provender._shown(given.share)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('vars: provender: ' ~ monitor ~ ':\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, defaults[name])) -}}
{% endmacro %}


{#- The share of keys that a monitor compares: as declared; else all, halved until there are no more than a million of what it counts (`rows`,
    SQL of one number). Halves, so that the same keys are compared from day to day. -#}
{% macro _window_share(monitor, rows) %}
    {%- set declared = provender._window_setting(monitor, 'share') -%}
    {%- if declared is not none -%}
        {{- return(declared) -}}
    {%- endif -%}
    {%- set ns = namespace(share=1.0) -%}
    {%- set many = run_query(rows)[0][0] | float -%}
    {%- for _ in range(32) if many * ns.share > 1000000 -%}
        {%- set ns.share = ns.share / 2 -%}
    {%- endfor -%}
    {{- return(ns.share) -}}
{% endmacro %}
