{#- The row of each feature and population, in words where something is found. -#}
{% macro _told_drift() -%}
    {%- set min_rows = provender._monitor_setting('drift', 'min_rows') -%}
    select
            subjects.service,
            nullif(subjects.model_version, '') as model_version,
            populations.population,
            subjects.name as feature,
            subjects.view,
            subjects.version,
            subjects.feature as view_feature,
            subjects.baseline,
            case
                when subjects.why is not null then subjects.why
                when populations.population = 'served' and subjects.is_hashed then 'its values are logged as keyed hashes'
                when compared.row_count is null then case populations.population when 'served' then 'no decisions' else 'no run' end || ', or no baseline rows'
                when compared.value_p is null and compared.null_test_p is null and compared.absent_test_p is null
                    then 'fewer than {{ min_rows }} rows to compare'
            end as not_compared,
            compared.kind,
            compared.cohort as period,
            case
                when compared.cohort = 'day' then {{ provender.as_of() }} - interval '1 day'
                when compared.cohort = 'window' then {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('drift', 'window')) }}
            end as compared_from,
            case when compared.cohort is not null then {{ provender.as_of() }} end as compared_until,
            cast(compared.row_count as bigint) as row_count,
            cast(compared.other_row_count as bigint) as baseline_row_count,
            compared.design_effect,
            compared.other_design_effect as baseline_design_effect,
            compared.d,
            compared.ks_p,
            compared.psi,
            case when compared.kind = 'category' then compared.chi_square end as chi_square,
            case when compared.kind = 'category' then cast(compared.degrees as integer) end as chi_square_degrees,
            compared.chi_square_p,
            compared.p_corrected,
            ours.mean,
            theirs.mean as baseline_mean,
            ours.stddev,
            theirs.stddev as baseline_stddev,
            ours.minimum,
            theirs.minimum as baseline_minimum,
            ours.maximum,
            theirs.maximum as baseline_maximum,
            compared.null_ratio,
            compared.other_null_ratio as baseline_null_ratio,
            compared.null_p_corrected,
            compared.absent_ratio,
            compared.other_absent_ratio as baseline_absent_ratio,
            compared.absent_p_corrected,
            case
                when spoken.is_drifted
                    then concat_ws(
                        ', ',
                        case when spoken.differs then 'values' end,
                        case when spoken.nulls_differ then 'nulls' end,
                        case when spoken.absents_differ then 'absences' end
                    )
            end as drifted,
            subjects.owner,
            case
                when spoken.is_drifted
                    then subjects.name || case populations.population when 'served' then ' as served' else ' as it is online' end
                    || case compared.cohort when 'day' then ' in the last day' else ' in the last {{ provender._monitor_setting('drift', 'window') }}' end
                    || ' is not what ' || subjects.service || case when subjects.model_version = '' then '' else ' ' || subjects.model_version end
                    || ' was trained on (' || subjects.baseline || '): '
                    || concat_ws(
                        '; ',
                        case
                            when spoken.differs and compared.kind = 'number'
                                then 'its values differ (D ' || {{ provender._rounded('compared.d') }} || ', PSI ' || {{ provender._rounded('compared.psi') }} || '), mean '
                                || coalesce({{ provender._rounded('ours.mean') }}, 'none') || ', was ' || coalesce({{ provender._rounded('theirs.mean') }}, 'none')
                            when spoken.differs then 'its categories differ (PSI ' || {{ provender._rounded('compared.psi') }} || ')'
                        end,
                        case when spoken.nulls_differ then {{ provender._shares_told('null', 'null_ratio') }} end,
                        case when spoken.absents_differ then {{ provender._shares_told('absent', 'absent_ratio') }} end
                    ) || '.'
            end as finding,
            case when spoken.is_drifted then starts.since end as since,
            case
                when spoken.is_drifted
                    then case
                        when spoken.absents_differ
                            then 'See in push_health and freshness whether ' || subjects.view || ' was built and pushed since then.'
                        else 'Look at what ' || subjects.view || '.' || subjects.feature || ' is computed from, since then: late_data, and the freshness and the '
                        || 'changes of its sources. When the world has changed and not the data, train anew and declare the new training set.'
                    end
            end as what_to_do
        from subjects
        cross join (select 'served' as population union all select 'online') as populations
        left join spoken on subjects.id = spoken.id and populations.population = spoken.population
        left join compared
            on
                spoken.id = compared.id and spoken.population = compared.population
                and spoken.cohort = compared.cohort and compared.other = 'baseline'
        left join moments as ours
            on compared.id = ours.id and compared.population = ours.population and compared.cohort = ours.cohort
        left join moments as theirs
            on compared.id = theirs.id and compared.population = theirs.population and theirs.cohort = 'baseline'
        left join starts on spoken.id = starts.id and spoken.population = starts.population
{%- endmacro %}


{#- Three significant digits at least, for a sentence. -#}
{% macro _rounded(number) -%}
    cast(round({{ number }}, case when abs({{ number }}) < 10 then 3 else 0 end) as varchar)
{%- endmacro %}


{% macro _shares_told(what, ratio) -%}
    cast(cast(round(100 * compared.{{ ratio }}) as integer) as varchar) || ' % {{ what }}, was '
                            || cast(cast(round(100 * compared.other_{{ ratio }}) as integer) as varchar) || ' %'
{%- endmacro %}
