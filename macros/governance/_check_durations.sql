{% macro _check_durations(label, config, origin) %}
    {%- set found = [] -%}
    {%- for key in ['ttl', 'freshness_sla', 'lag', 'retention'] if key in config and provender.duration_seconds(config[key]) is none -%}
        {%- do found.append(provender._not_a_duration(label, '`' ~ key ~ '`' ~ provender._declared_in(origin[key]), config[key])) -%}
    {%- endfor -%}
    {%- set ttl = provender.duration_seconds(config.get('ttl')) -%}
    {%- set sla = provender.duration_seconds(config.get('freshness_sla')) -%}
    {%- if ttl is not none and sla is not none and ttl < sla -%}
        {%- do found.append(provender._violation(
            label, '`ttl` is below `freshness_sla`', config.ttl ~ ' below ' ~ config.freshness_sla,
            'A value cannot expire before it is late: raise ttl or lower freshness_sla'
        )) -%}
    {%- endif -%}
    {%- set retention = provender.duration_seconds(config.get('retention')) -%}
    {%- if ttl is not none and retention is not none and retention < ttl -%}
        {%- do found.append(provender._violation(
            label, '`retention` is below `ttl`', config.retention ~ ' below ' ~ config.ttl,
            'History is kept at least as long as a value lives: raise retention, or leave it out and keep history for ever'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _not_a_duration(where, what, value) %}
    {{- return(provender._violation(
        where, what ~ ' is not a duration', provender._shown(value),
        'Write a whole number above zero and s, m, h or d, like 5m' ~ ('; null is never "for ever"' if value is none else '')
    )) -}}
{% endmacro %}


{% macro _check_choices(label, config, origin) %}
    {%- set choices = {
        'otherwise': ['default', 'fail'],
        'classification': ['public', 'internal', 'pii', 'pci'],
        'backfill': ['recompute', 'none'],
    } -%}
    {%- set found = [] -%}
    {%- for key, allowed in choices.items() if key in config and config[key] not in allowed -%}
        {%- do found.append(provender._violation(
            label, '`' ~ key ~ '`' ~ provender._declared_in(origin[key]) ~ ' is not one of its values', provender._shown(config[key]),
            'Write one of: ' ~ allowed | join(', ')
        )) -%}
    {%- endfor -%}
    {%- if 'log_values' in config and config.log_values is not boolean -%}
        {%- do found.append(provender._violation(
            label, '`log_values`' ~ provender._declared_in(origin.log_values) ~ ' is not one of its values', provender._shown(config.log_values),
            'Write true (decisions are logged with the values) or false (with keyed hashes of them); left out, it is false for pii and pci'
        )) -%}
    {%- endif -%}
    {%- if config.get('backfill') == 'none' and not config.get('backfill_reason') -%}
        {%- do found.append(provender._violation(
            label, '`backfill: none` without a reason', 'no backfill_reason', 'Write why the past cannot be recomputed: `backfill_reason: …`'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _declared_in(origin) %}
    {{- return('' if origin == 'model' else ' (' ~ origin ~ ')') -}}
{% endmacro %}
