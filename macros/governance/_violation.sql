{#- One violation: where, what is wrong, what was found, how to mend it. -#}
{% macro _violation(where, what, got, how) %}
    {{- return(where ~ ': ' ~ what ~ ', got ' ~ got ~ '. ' ~ how ~ '.') -}}
{% endmacro %}


{#- A YAML value as its author would recognise it. -#}
{% macro _shown(value) %}
    {%- if value is none -%}
        {{- return('null') -}}
    {%- elif value is boolean -%}
        {{- return(value | string | lower) -}}
    {%- endif -%}
    {{- return("'" ~ value ~ "'" if value is string else value | string) -}}
{% endmacro %}


{#- Keys that nobody reads: a silently skipped `tll:` is how a TTL gets lost. -#}
{% macro _unknown_keys(where, what, declared, known) %}
    {%- if declared is not mapping -%}
        {{- return([provender._violation(
            where, '`' ~ what ~ '` is not a mapping', provender._shown(declared), 'Write keys under it, of: ' ~ known | join(', ')
        )]) -}}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for key in declared if key not in known -%}
        {%- do found.append(provender._violation(
            where, 'unknown key in `' ~ what ~ '`', '`' ~ key ~ '`',
            'Did you mean `' ~ provender._nearest(key, known) ~ '`? Known: ' ~ known | join(', ')
        )) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}


{% macro _feature_keys() %}
    {{- return(['default', 'null_is', 'max_null_ratio', 'tolerance', 'renamed_from', 'not_duplicate_of']) -}}
{% endmacro %}


{% macro _feature_view_keys() %}
    {{- return([
        'entity', 'ttl', 'freshness_sla', 'otherwise', 'classification', 'log_values', 'lag', 'backfill', 'backfill_reason', 'retention',
        'waivers', 'approvals',
    ]) -}}
{% endmacro %}


{% macro _feature_service_keys() %}
    {{- return(['latency_budget', 'features', 'training_sets', 'same_as_trained', 'rollouts', 'approvals', 'label', 'reviewed']) -}}
{% endmacro %}
