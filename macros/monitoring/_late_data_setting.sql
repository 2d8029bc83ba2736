{#- `vars: provender: late_data: {window: 7d, share: 1.0}`. -#}
{% macro _late_data_setting(name) %}
    {%- set defaults = {'window': '7d', 'share': none} -%}
    {%- set given = provender._setting('late_data', {}) -%}
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
        {%- do exceptions.raise_compiler_error('vars: provender: late_data:\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, defaults[name])) -}}
{% endmacro %}


{#- The share of keys that is compared: as declared; else all, halved until a view has no more than a million rows to compute. Halves, so
    that the same keys are compared from day to day. -#}
{% macro _late_data_share(view) %}
    {%- set declared = provender._late_data_setting('share') -%}
    {%- if declared is not none -%}
        {{- return(declared) -}}
    {%- endif -%}
    {%- set rows = run_query(
        'select sum(row_count) from (' ~ provender._past_runs() ~ ") as runs where view = '" ~ view.name ~ "' and version = " ~ view.version
    )[0][0] | float -%}
    {%- set ns = namespace(share=1.0) -%}
    {%- for _ in range(32) if rows * ns.share > 1000000 -%}
        {%- set ns.share = ns.share / 2 -%}
    {%- endfor -%}
    {{- return(ns.share) -}}
{% endmacro %}
