{#- The monitors whose findings are alerts: another one is another word here. -#}
{% macro _monitors() %}
    {{- return([
        'freshness', 'null_ratios', 'source_lag', 'push_health', 'read_latency', 'read_availability', 'skew', 'training_set_skew', 'drift',
        'decision_log_health', 'service_clocks', 'served_definitions', 'deprecations', 'version_comparison', 'waivers',
    ]) -}}
{% endmacro %}


{#- The findings of one monitor, as alerts have them: what it speaks of is told by the columns it has. -#}
{% macro _alerts_of(monitor, relation) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if execute else [] -%}
    {%- set subjects = [] -%}
    {%- if 'view' in columns and 'version' in columns -%}
        {%- do subjects.append("view || '@' || version") -%}
    {%- endif -%}
    {%- do subjects.extend(['service', 'source', 'log'] | select('in', columns)) -%}
    select
        '{{ monitor }}' as monitor,
        coalesce({{ subjects | join(', ') }}{{ ', ' if subjects }}'{{ monitor }}') as subject,
        cast({{ 'feature' if 'feature' in columns else 'null' }} as varchar) as feature,
        since,
        finding,
        cast(owner as varchar) as owner,
        what_to_do
    from {{ relation }}
    where finding is not null
{%- endmacro %}


{#- Late data as alerts: one for each view and feature, since the first run that would differ. -#}
{% macro _late_data_alerts() -%}
    select
        'late_data' as monitor,
        late_data.view || '@' || late_data.version as subject,
        late_data.feature,
        min(late_data.as_of) as since,
        'Of ' || count(*) || ' past runs history holds what their definition would not compute any more.' as finding,
        declared.owner,
        'Sources changed behind these runs: raise the source''s settle, or ask its owner; train again what `training_sets` of `late_data` names.' as what_to_do
    from {{ ref('provender', 'late_data') }} as late_data
    left join ({{ provender._feature_view_rows() }}) as declared
        on late_data.view = declared.view and late_data.version = declared.version
    where late_data.is_different
    group by late_data.view, late_data.version, late_data.feature, declared.owner
{%- endmacro %}
