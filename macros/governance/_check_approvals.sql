{#- Who agreed to a breaking change: `approvals` of a view or service, which `provender plan` reads. -#}
{% macro _check_approvals(where, declared) %}
    {%- set approvals = declared.get('approvals') -%}
    {%- if approvals is none -%}
        {{- return([]) -}}
    {%- elif approvals is string or approvals is mapping or approvals is not iterable -%}
        {{- return([provender._violation(
            where, '`approvals` is not a list', provender._shown(approvals), "Write one like [{change: '3f9a21c05b77', by: growth, reason: …}]"
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for approval in approvals -%}
        {%- do found.extend(provender._check_approval(where, approval)) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{#- An id of digits alone, or like 12e4…, is a number to YAML. -#}
{% macro _check_approval(where, approval) %}
    {%- set found = provender._unknown_keys(where, 'approvals', approval, ['change', 'by', 'reason']) -%}
    {%- if approval is not mapping -%}
        {{- return(found) -}}
    {%- endif -%}
    {%- set change = approval.get('change') -%}
    {%- if change is not string or not modules.re.fullmatch('[0-9a-f]{12}', change) -%}
        {%- do found.append(provender._violation(
            where, 'an approval of no change', provender._shown(change), 'Write the id that `provender plan` gives the change, in quotes'
        )) -%}
    {%- endif -%}
    {%- set owners = provender._owner_names() -%}
    {%- if approval.get('by') not in owners -%}
        {%- do found.append(provender._violation(
            where, 'an approval by an unknown owner', provender._shown(approval.get('by')),
            'Did you mean `' ~ provender._nearest(approval.get('by'), owners) ~ '`? It is a dbt group, or the owner of one or of an exposure'
        )) -%}
    {%- endif -%}
    {%- if approval.get('reason') is not string or not approval.reason | trim -%}
        {%- do found.append(provender._violation(where, 'an approval without a reason', provender._shown(approval.get('reason')), 'Write why it may change')) -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}


{#- Names of the dbt groups, and names and emails of the owners of groups and exposures. -#}
{% macro _owner_names() %}
    {%- set names = [] -%}
    {%- for group in graph.groups.values() -%}
        {%- do names.extend([group.name, group.owner.get('name'), group.owner.get('email')]) -%}
    {%- endfor -%}
    {%- for exposure in graph.exposures.values() -%}
        {%- do names.extend([exposure.owner.get('name'), exposure.owner.get('email')]) -%}
    {%- endfor -%}
    {{- return(names | select | unique(case_sensitive=true) | list) -}}
{% endmacro %}
