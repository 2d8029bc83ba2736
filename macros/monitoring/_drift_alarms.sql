{#- What of a feature has drifted: its values, its nulls, its absences. Each needs a p-value, corrected for all that was tested together
    (Bonferroni: features, these three, both periods), and an effect. The day must differ from the same day of the week before too, and what is
    online from what was online when the baseline was built: else a weekend, or how a training set was selected, would be called drift. -#}
{% macro _drift_alarms() -%}
    {%- set min_rows = provender._monitor_setting('drift', 'min_rows') -%}
    tested as (
        select
            judged.*,
            subjects.service, subjects.model_version,
            case when least(judged.valued, judged.other_valued) >= {{ min_rows }} then case judged.kind when 'number' then judged.ks_p else judged.chi_square_p end end as value_p,
            case when least(judged.present, judged.other_present) >= {{ min_rows }} then judged.null_p end as null_test_p,
            {#- an online population has no absent rows to compare #}
            case
                when judged.population = 'served' and least(judged.row_count, judged.other_row_count) >= {{ min_rows }} then judged.absent_p
            end as absent_test_p
        from judged
        inner join subjects on judged.id = subjects.id
    ),

    families as (
        select service, model_version, population, count(value_p) + count(null_test_p) + count(absent_test_p) as tests
        from tested
        where other = 'baseline'
        group by service, model_version, population
    ),

    compared as (
        select
            tested.*,
            case when tested.value_p * families.tests < 1 then tested.value_p * families.tests when tested.value_p is not null then 1e0 end as p_corrected,
            case when tested.null_test_p * families.tests < 1 then tested.null_test_p * families.tests when tested.null_test_p is not null then 1e0 end as null_p_corrected,
            case when tested.absent_test_p * families.tests < 1 then tested.absent_test_p * families.tests when tested.absent_test_p is not null then 1e0 end as absent_p_corrected,
            {#- of categories, or of what is not placed by its value, PSI alone is the effect #}
            coalesce(
                tested.value_p * families.tests < {{ provender._monitor_setting('drift', 'p') }} and tested.psi >= {{ provender._monitor_setting('drift', 'psi') }}
                and (tested.kind = 'category' or tested.d >= {{ provender._monitor_setting('drift', 'd') }}), false
            ) as differs,
            {%- for share in ['null', 'absent'] %}
            coalesce(
                tested.{{ share }}_test_p * families.tests < {{ provender._monitor_setting('drift', 'p') }} and tested.{{ share }}_psi >= {{ provender._monitor_setting('drift', 'psi') }}
                and abs(tested.{{ share }}_ratio - tested.other_{{ share }}_ratio) >= {{ provender._monitor_setting('drift', 'share') }}, false
            ) as {{ share }}s_differ{{ ',' if not loop.last }}
            {%- endfor %}
        from tested
        inner join families using (service, model_version, population)
    ),

    alarms as (
        select
            id, population, cohort,
            {%- for differs in ['differs', 'nulls_differ', 'absents_differ'] %}
            count(case when other = 'baseline' and {{ differs }} then 1 end) = 1
            and (cohort = 'window' or count(case when other = 'week_ago' and {{ differs }} then 1 end) = 1)
            and (population = 'served' or count(case when other = 'then' and {{ differs }} then 1 end) = 1) as {{ differs }}{{ ',' if not loop.last }}
            {%- endfor %}
        from compared
        group by id, population, cohort
    ),

    {#- one period speaks for the feature: the whole window, unless only its last day has drifted #}
    spoken as (
        select * from (
            select
                compared.id, compared.population, compared.cohort,
                alarms.differs, alarms.nulls_differ, alarms.absents_differ,
                alarms.differs or alarms.nulls_differ or alarms.absents_differ as is_drifted,
                row_number() over (
                    partition by compared.id, compared.population
                    order by
                        case when alarms.differs or alarms.nulls_differ or alarms.absents_differ then 0 else 1 end,
                        case when compared.cohort = 'window' then 0 else 1 end
                ) as place
            from compared
            inner join alarms using (id, population, cohort)
            where compared.other = 'baseline'
        ) as ordered
        where place = 1
    )
{%- endmacro %}


{#- Since when. Each day of a drifted feature is as likely to be of what it is now, or of what it was: the logarithm of how much more, summed from
    the last day backwards, is highest at the day it began (the maximum-likelihood change point; Hinkley 1970). One odd day between does no harm. -#}
{% macro _drift_starts() -%}
    day_bins as (
        select
            id, population, day, bin, sum(c) as c,
            sum(case when day is null and cohort = 'now' then c else 0e0 end) as c_now,
            sum(case when day is null and cohort = 'was' then c else 0e0 end) as c_was
        from (
            select
                spoken.id, spoken.population, case when kinds.kind = 'number' and bins.bin < 100 then floor(bins.bin / 10e0) else bins.bin end as bin,
                cast(null as integer) as day, case when bins.cohort = spoken.now then 'now' else 'was' end as cohort, bins.c
            from (
                select
                    drifted.*,
                    {#- a drift younger than the window is seen undiluted in its last day #}
                    case when coalesce(days.is_drifted, false) then 'day' else 'window' end as now,
                    case when drifted.population = 'online' then 'then' else 'baseline' end as was
                from spoken as drifted
                left join (
                    select id, population, differs or nulls_differ or absents_differ as is_drifted from alarms where cohort = 'day'
                ) as days on drifted.id = days.id and drifted.population = days.population
                where drifted.is_drifted
            ) as spoken
            inner join kinds on spoken.id = kinds.id
            inner join cohort_bins as bins
                on spoken.id = bins.id and spoken.population = bins.population and bins.cohort in (spoken.now, spoken.was)
            union all
            select
                spoken.id, spoken.population, case when kinds.kind = 'number' and bins.bin < 100 then floor(bins.bin / 10e0) else bins.bin end as bin,
                case when bins.sample < 1000 then bins.sample else bins.sample - 1000 end as day, 'day' as cohort, bins.c
            from spoken
            inner join kinds on spoken.id = kinds.id
            inner join bins
                on
                    spoken.id = bins.id
                    and (
                        (spoken.population = 'served' and bins.sample between 0 and 999)
                        or (spoken.population = 'online' and bins.sample between 1000 and 1998)
                    )
            where spoken.is_drifted
        ) as told
        group by id, population, day, bin
    ),

    bin_odds as (
        select
            id, population, bin,
            ln((c_now + 0.5e0) / (sum(c_now) over of_all + 0.5e0 * count(*) over of_all))
            - ln((c_was + 0.5e0) / (sum(c_was) over of_all + 0.5e0 * count(*) over of_all)) as odds
        from day_bins
        where day is null
        window of_all as (partition by id, population)
    ),

    day_odds as (
        select id, population, day, sum(odds) over (partition by id, population order by day rows unbounded preceding) as odds_since
        from (
            select day_bins.id, day_bins.population, day_bins.day, sum(day_bins.c * coalesce(bin_odds.odds, 0)) as odds
            from day_bins
            left join bin_odds using (id, population, bin)
            where day_bins.day is not null
            group by day_bins.id, day_bins.population, day_bins.day
        ) as by_day
    ),

    starts as (
        select
            first_days.id, first_days.population,
            case
                when first_days.population = 'served' then days.ended_at - interval '1 day'
                {#- the first run after the last that was as it had been #}
                else (
                    select min(runs.as_of) from runs
                    where
                        runs.view = subjects.view and runs.version = subjects.version
                        and runs.as_of > coalesce(
                            (
                                select day_runs.as_of from day_runs
                                where day_runs.view = subjects.view and day_runs.version = subjects.version and day_runs.day = first_days.day + 1
                            ),
                            days.ended_at - interval '1 day'
                        )
                )
            end as since
        from (
            select id, population, day, row_number() over (partition by id, population order by odds_since desc, day) as place from day_odds
        ) as first_days
        inner join days on first_days.day = days.day
        inner join subjects on first_days.id = subjects.id
        where first_days.place = 1
    )
{%- endmacro %}
