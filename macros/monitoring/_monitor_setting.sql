{#- A setting of one block, `vars: provender: <block>: {…}`, else what it is when silent; docs say what each means. Everything wrong with the
    block is one error. -#}
{% macro _monitor_setting(block, name) %}
    {%- set known = provender._monitor_settings()[block] -%}
    {%- set given = provender._setting(block, {}) -%}
    {%- set errors = provender._setting_errors(given, known) -%}
    {%- if block == 'drift' and not errors -%}
        {%- set errors = provender._kept_errors(given, known) -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error('vars: provender: ' ~ block ~ ':\n- ' ~ errors | join('\n- ')) -%}
    {%- endif -%}
    {{- return(given.get(name, known[name].silent)) -}}
{% endmacro %}


{#- Each block's settings: what one is when silent, and what it must be: a `like` this duration, `days` when it must be whole days; a number
    `above` 0, up to that; a whole number from 2 `to` that. -#}
{% macro _monitor_settings() %}
    {%- set looks_back = {'window': {'silent': '7d', 'like': '7d'}, 'share': {'silent': none, 'above': 1}} -%}
    {{- return({
        'late_data': looks_back,
        'skew': looks_back,
        'health': {
            'window': {'silent': '7d', 'like': '7d'}, 'unread_after': {'silent': '30d', 'like': '30d'},
            'notice': {'silent': '30d', 'like': '30d'}, 'monitors_max_age': {'silent': '25h', 'like': '25h'},
        },
        'decision_log': {'retention': {'silent': none, 'like': '730d'}, 'land_within': {'silent': '1h', 'like': '1h'}},
        'drift': {
            'window': {'silent': '7d', 'days': '7d'}, 'kept': {'silent': '14d', 'days': '14d'},
            'p': {'silent': 0.01, 'above': 1}, 'd': {'silent': 0.1, 'above': 1}, 'psi': {'silent': 0.1, 'above': 100}, 'share': {'silent': 0.05, 'above': 1},
            'min_rows': {'silent': 200, 'to': 1000000000}, 'max_rows': {'silent': 1000000, 'to': 1000000000}, 'categories': {'silent': 50, 'to': 500},
        },
    }) -}}
{% endmacro %}


{% macro _setting_errors(given, known) %}
    {%- if given is not mapping -%}
        {%- set first = known | first -%}
        {{- return(['a mapping like {' ~ first ~ ': ' ~ (known[first].like or known[first].days) ~ '}, got ' ~ provender._shown(given)]) -}}
    {%- endif -%}
    {%- set errors = [] -%}
    {%- for key, value in given.items() -%}
        {%- if key not in known -%}
            {%- do errors.append('unknown ' ~ provender._shown(key) ~ ', did you mean ' ~ provender._nearest(key | string, known) ~ '? It has ' ~ known | join(', ')) -%}
        {%- else -%}
            {%- set wanted = provender._wanted_setting(value, known[key]) -%}
            {%- if wanted -%}
                {%- do errors.append(key ~ ': ' ~ wanted ~ ', got ' ~ provender._shown(value)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{#- What a value should have been; none when it is that. -#}
{% macro _wanted_setting(value, setting) %}
    {%- set is_number = value is number and value is not boolean -%}
    {%- if setting.like and provender.duration_seconds(value) is none -%}
        {{- return('a duration like ' ~ setting.like) -}}
    {%- elif setting.days and not provender._whole_days(value) -%}
        {{- return('whole days, like ' ~ setting.days) -}}
    {%- elif setting.above and not (is_number and 0 < value <= setting.above) -%}
        {{- return('a number above 0 and up to ' ~ setting.above) -}}
    {%- elif setting.to and not (is_number and value is integer and 2 <= value <= setting.to) -%}
        {{- return('a whole number from 2 to ' ~ setting.to) -}}
    {%- endif -%}
{% endmacro %}


{% macro _kept_errors(given, known) %}
    {%- set window, kept = given.get('window', known.window.silent), given.get('kept', known.kept.silent) -%}
    {%- if provender._whole_days(window) < provender._whole_days(kept) <= 90 -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return(['kept: longer than the window, and up to 90d, got ' ~ provender._shown(kept)]) -}}
{% endmacro %}


{#- The days of a duration that is whole days; none when it is not. -#}
{% macro _whole_days(text) %}
    {%- set seconds = provender.duration_seconds(text) -%}
    {{- return(none if seconds is none or seconds % 86400 else seconds // 86400) -}}
{% endmacro %}
