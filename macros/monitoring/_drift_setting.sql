{#- `vars: provender: drift: {…}`; docs/concepts.md says what each means. -#}
{% macro _drift_setting(name) %}
    {%- set defaults = {
        'window': '7d', 'kept': '14d', 'p': 0.01, 'd': 0.1, 'psi': 0.1, 'share': 0.05, 'min_rows': 200, 'max_rows': 1000000, 'categories': 50,
    } -%}
    {%- set given = provender._setting('drift', {}) -%}
    {%- set errors = provender._drift_setting_errors(given, defaults) -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('vars: provender: drift:\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, defaults[name])) -}}
{% endmacro %}


{% macro _drift_setting_errors(given, defaults) %}
    {%- if given is not mapping -%}
        {{- return(['a mapping like {window: 7d, psi: 0.2}, got ' ~ provender._shown(given)]) -}}
    {%- endif -%}
    {%- set errors = [] -%}
    {%- for key in given if key not in defaults -%}
        {%- do errors.append('unknown ' ~ provender._shown(key) ~ ', did you mean ' ~ provender._nearest(key, defaults) ~ '? It has ' ~ defaults | join(', ')) -%}
    {%- endfor -%}
    {%- for key in ['window', 'kept'] if key in given and not provender._whole_days(given[key]) -%}
        {%- do errors.append(key ~ ': whole days, like 7d, got ' ~ provender._shown(given[key])) -%}
    {%- endfor -%}
    {%- set days = provender._whole_days(given.get('window', defaults.window)), provender._whole_days(given.get('kept', defaults.kept)) -%}
    {%- if days[0] and days[1] and not days[0] < days[1] <= 90 -%}
        {%- do errors.append('kept: longer than the window, and up to 90d, got ' ~ provender._shown(given.get('kept', defaults.kept))) -%}
    {%- endif -%}
    {%- for key in ['p', 'd', 'psi', 'share'] if key in given -%}
        {%- set value = given[key] -%}
        {%- if value is not number or value is boolean or not 0 < value <= (1 if key != 'psi' else 100) -%}
            {%- do errors.append(key ~ ': a number above 0' ~ (' and up to 1' if key != 'psi' else '') ~ ', got ' ~ provender._shown(value)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key, most in {'min_rows': 1000000000, 'max_rows': 1000000000, 'categories': 500}.items() if key in given -%}
        {%- if given[key] is not integer or given[key] is boolean or not 2 <= given[key] <= most -%}
            {%- do errors.append(key ~ ': a whole number from 2 to ' ~ most ~ ', got ' ~ provender._shown(given[key])) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{#- The days of a duration that is whole days; none when it is not. -#}
{% macro _whole_days(text) %}
    {%- set seconds = provender.duration_seconds(text) -%}
    {{- return(none if seconds is none or seconds % 86400 else seconds // 86400) -}}
{% endmacro %}


{#- All, halved until no more than `max_rows` are looked at. Halves, so that the same keys are looked at from day to day. -#}
{% macro _drift_share(rows) %}
    {%- set ns = namespace(share=1.0) -%}
    {%- for _ in range(40) if rows * ns.share > provender._drift_setting('max_rows') -%}
        {%- set ns.share = ns.share / 2 -%}
    {%- endfor -%}
    {{- return(ns.share) -}}
{% endmacro %}
