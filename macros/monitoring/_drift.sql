{#- Each feature of each service now, beside what the deployed model version was trained on. -#}
{% macro _drift_rows() %}
    {{- return(adapter.dispatch('_drift_rows', 'provender')(provender._drift_subjects())) -}}
{% endmacro %}


{% macro default___drift_rows(subjects) -%}
    {%- set units = provender._drift_units(subjects) -%}
    {%- if not units -%}
        {{ provender._rows(provender._not_compared_services(subjects), provender._drift_columns()) }}
    {%- else -%}
    with {{ provender._drift_samples(subjects) }},

    {{ provender._drift_statistics() }},

    {{ provender._drift_alarms() }},

    {{ provender._drift_starts() }},

    told as (
        {{ provender._told_drift() }}
    )

    select {{ provender._drift_columns() | join(', ') }} from told
    union all
    select {{ provender._drift_columns() | join(', ') }} from (
        {{ provender._rows(provender._not_compared_services(subjects), provender._drift_columns()) }}
    ) as services
    {%- endif -%}
{%- endmacro %}


{% macro _drift_columns() %}
    {{- return({
        'service': 'varchar', 'model_version': 'varchar', 'population': 'varchar', 'feature': 'varchar', 'view': 'varchar', 'version': 'integer',
        'view_feature': 'varchar', 'baseline': 'varchar', 'not_compared': 'varchar', 'kind': 'varchar', 'period': 'varchar',
        'compared_from': 'timestamp', 'compared_until': 'timestamp', 'row_count': 'bigint', 'baseline_row_count': 'bigint',
        'design_effect': 'double', 'baseline_design_effect': 'double', 'd': 'double', 'ks_p': 'double', 'psi': 'double',
        'chi_square': 'double', 'chi_square_degrees': 'integer', 'chi_square_p': 'double', 'p_corrected': 'double',
        'mean': 'double', 'baseline_mean': 'double', 'stddev': 'double', 'baseline_stddev': 'double', 'minimum': 'double', 'baseline_minimum': 'double',
        'maximum': 'double', 'baseline_maximum': 'double', 'null_ratio': 'double', 'baseline_null_ratio': 'double', 'null_p_corrected': 'double',
        'absent_ratio': 'double', 'baseline_absent_ratio': 'double', 'absent_p_corrected': 'double',
        'drifted': 'varchar', 'owner': 'varchar', 'finding': 'varchar', 'since': 'timestamp', 'what_to_do': 'varchar',
    }) -}}
{% endmacro %}


{#- One row for each service and model version that nothing is known to compare with. -#}
{% macro _not_compared_services(subjects) %}
    {%- set rows = [] -%}
    {%- for subject in subjects if subject.why -%}
        {%- do rows.append({
            'service': subject.service, 'model_version': subject.model_version or none, 'baseline': subject.baseline.name,
            'not_compared': subject.why, 'owner': subject.owner,
        }) -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}
