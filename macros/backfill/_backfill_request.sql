{#- What a backfill is asked for: the view, names of its features, fingerprint of its stored definition, and the slots (see `_slots`). -#}
{% macro _backfill_request(view, version, start, end, step, features) %}
    {%- set node = provender._view_node(view, version if version is none else version | int(-1)) -%}
    {%- set slots = provender._slots('backfill', start, end, step) -%}
    {%- set names = [features] if features is string else features or node['features'] | map(attribute='name') | list -%}
    {{- return(dict(
        slots, view=node, features=names | unique(case_sensitive=true) | list,
        fingerprint=provender._last_definition(node.unique_id, 'fingerprint')
    )) -}}
{% endmacro %}
