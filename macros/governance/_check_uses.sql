{#- A waiver lifts one rule of the classification for a time, and says why; one that lifts nothing is a mistake. -#}
{% macro _check_uses(node, config) %}
    {%- set label = provender._label(node) -%}
    {%- set found = [] -%}
    {%- set declared = config.get('waivers', []) -%}
    {%- if declared is string or declared is mapping or declared is not sequence -%}
        {{- return([provender._violation(label, '`waivers` is not a list', provender._shown(declared), 'Write [{use: push, until: 2027-06-30, reason: …}]')]) -}}
    {%- endif -%}
    {%- for waiver in declared -%}
        {%- do found.extend(provender._check_waiver(label, waiver, provender._free_uses(config.get('classification')))) -%}
    {%- endfor -%}
    {%- if config.get('classification') == 'pci' and config.get('log_values') is true and provender._allowed_uses(node, config).log == 'never' -%}
        {%- do found.append(provender._violation(
            label, '`log_values: true` of classification pci without a waiver', 'no waiver for log', 'Add one with use: log, or let decisions hold keyed hashes'
        )) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _check_waiver(label, waiver, free) %}
    {%- set found = provender._unknown_keys(label, 'waivers', waiver, ['use', 'until', 'reason']) -%}
    {%- if waiver is not mapping -%}
        {{- return(found) -}}
    {%- endif -%}
    {%- if waiver.get('use') not in ['log', 'push', 'export'] -%}
        {%- do found.append(provender._violation(label, '`use` of a waiver is not one of its values', provender._shown(waiver.get('use')), 'Write one of: log, push, export')) -%}
    {%- elif waiver.use in free -%}
        {%- do found.append(provender._violation(label, 'a waiver for what is allowed anyway', provender._shown(waiver.use), 'Remove it')) -%}
    {%- endif -%}
    {%- if not provender._is_day(waiver.get('until')) -%}
        {%- do found.append(provender._violation(label, '`until` of a waiver is not a day', provender._shown(waiver.get('until')), 'Write its last day (UTC), like 2027-06-30')) -%}
    {%- endif -%}
    {%- if waiver.get('reason') is not string or not waiver.reason | trim -%}
        {%- do found.append(provender._violation(label, 'a waiver without a reason', provender._shown(waiver.get('reason')), 'Write who allowed it, and why: `reason: …`')) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- A service cannot read what may not go online. -#}
{% macro _check_service_uses(where, views) %}
    {%- set found = [] -%}
    {%- for view in views if view.allowed_uses.push == 'never' -%}
        {%- do found.append(provender._violation(
            where, 'reads a view that may not go online', view.label ~ ', classified ' ~ view.policies.classification,
            'Give the view a waiver, like waivers: [{use: push, until: 2027-06-30, reason: …}], or do not read it'
        )) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
