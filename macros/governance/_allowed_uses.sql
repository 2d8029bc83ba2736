{#- What is free by classification; what is not here needs a waiver. `log` is of the values themselves; hashes of them are always logged. -#}
{% macro _free_uses(classification) %}
    {{- return({
        'public': ['log', 'push', 'export'],
        'internal': ['log', 'push', 'export'],
        'pii': ['log', 'push'],
        'pci': [],
    }.get(classification, [])) -}}
{% endmacro %}


{#- What may be done with the values of a view: {use: always, never, private, or the last day on which it may, as YYYY-MM-DD}. -#}
{% macro _allowed_uses(node, config) %}
    {%- set allowed = {} -%}
    {%- for use in ['log', 'push', 'export'] -%}
        {%- set days = provender._waivers(config) | selectattr('use', 'equalto', use) | map(attribute='until') | map('string') | list -%}
        {%- set by_class = 'always' if use in provender._free_uses(config.get('classification')) else days | max if days else 'never' -%}
        {%- do allowed.update({use: by_class}) -%}
    {%- endfor -%}
    {%- if not provender._log_values(config) -%}
        {%- do allowed.update({'log': 'never'}) -%}
    {%- endif -%}
    {%- if node.access | string == 'private' -%}
        {#- dbt lets no exposure name it, so nobody could read it online -#}
        {%- do allowed.update({'push': 'private'}) -%}
    {%- endif -%}
    {{- return(allowed) -}}
{% endmacro %}


{#- Whether decisions are to be logged with the values themselves: declared, else by classification. -#}
{% macro _log_values(config) %}
    {{- return(config.get('log_values', config.get('classification') not in ['pii', 'pci'])) -}}
{% endmacro %}


{#- The waivers of a view that are written as they should be; the contract check tells of the others. -#}
{% macro _waivers(config) %}
    {%- set declared = config.get('waivers') -%}
    {%- set whole = [] -%}
    {%- for waiver in (declared if declared is sequence and declared is not string and declared is not mapping else []) if waiver is mapping -%}
        {%- if modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', waiver.get('until') | string) -%}
            {%- do whole.append(waiver) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(whole) -}}
{% endmacro %}
