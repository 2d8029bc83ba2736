{#- The block `vars: provender: schedules`: when `provender run` runs each cadence. -#}
{% macro _check_cadences() %}
    {%- set where = 'vars: provender' -%}
    {%- set declared = provender._setting('schedules', {}) -%}
    {%- if declared is not mapping -%}
        {{- return([provender._violation(
            where, '`schedules` is not a mapping', provender._shown(declared), 'Write a tag and when it is due, like minutes: {every: 5m}'
        )]) -}}
    {%- endif -%}
    {%- set tags = provender._known_tags() -%}
    {%- set found = [] -%}
    {%- for cadence, times in declared.items() -%}
        {%- set label = where ~ ': schedules: ' ~ cadence -%}
        {%- if cadence not in tags -%}
            {%- do found.append(provender._violation(
                label, 'nothing has this tag', '`' ~ cadence ~ '`',
                ('Did you mean `' ~ provender._nearest(cadence, tags) ~ '`? ' if tags else '') ~ 'A cadence is a tag of feature views and their histories'
            )) -%}
        {%- endif -%}
        {%- do found.extend(provender._unknown_keys(label, 'schedules', times, ['every', 'at', 'zone', 'monitor'])) -%}
        {%- if times is mapping -%}
            {%- do found.extend(provender._check_cadence(label, times)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_cadence(label, times) %}
    {%- set found = [] -%}
    {%- if ('every' in times) == ('at' in times) or ('at' in times) != ('zone' in times) -%}
        {%- do found.append(provender._violation(
            label, 'does not say when it is due', times | list | join(', ') or 'nothing',
            "Write either {every: 5m}, or {at: '02:30', zone: Europe/Berlin}"
        )) -%}
    {%- endif -%}
    {%- if 'every' in times and provender.duration_seconds(times.every) is none -%}
        {%- do found.append(provender._not_a_duration(label, '`every`', times.every)) -%}
    {%- endif -%}
    {%- if 'at' in times and not (times.at is string and modules.re.fullmatch('([01][0-9]|2[0-3]):[0-5][0-9]', times.at)) -%}
        {%- do found.append(provender._violation(
            label, '`at` is not a time of day', provender._shown(times.at), "Write it in quotes (YAML reads 12:30 as a number), from '00:00' to '23:59'"
        )) -%}
    {%- endif -%}
    {%- if 'zone' in times and times.zone not in modules.pytz.all_timezones_set -%}
        {%- do found.append(provender._violation(
            label, '`zone` is not a time zone', provender._shown(times.zone),
            'Did you mean `' ~ provender._nearest(times.zone, modules.pytz.all_timezones) ~ '`? Write it like Europe/Berlin, or UTC'
        )) -%}
    {%- endif -%}
    {%- if 'monitor' in times and times.monitor is not boolean -%}
        {%- do found.append(provender._violation(
            label, '`monitor` is not one of its values', provender._shown(times.monitor), 'Write true (the monitors are built with it) or false'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- The tags of all that a build may select. -#}
{% macro _known_tags() %}
    {%- set tags = [] -%}
    {%- for type in ['model', 'snapshot', 'seed'] -%}
        {%- for node in provender._nodes(type) -%}
            {%- do tags.extend(node.tags) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(tags | unique | sort) -}}
{% endmacro %}
