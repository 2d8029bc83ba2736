{#- From values to statistics, one row for each feature, population, period and what it is compared with. docs/concepts.md has the formulas.

    Periods: `window` is the last days together, `day` the last of them. Each is compared with the baseline; the day also with `week_ago`, the
    same day of the week before, and what is online also with `then`, the population online when the baseline was built. -#}
{% macro _drift_statistics() -%}
    {%- set categories = provender._monitor_setting('drift', 'categories') -%}
    counts as (
        select id, sample, is_absent, number, category, count(*) as c
        from observed
        group by id, sample, is_absent, number, category
    ),

    kinds as (
        select
            subjects.id,
            {#- a number of few values, like a flag, is a category #}
            case
                when subjects.class = 'category' or found.numbers between 1 and {{ provender._few_numbers() }} then 'category' else 'number'
            end as kind
        from subjects
        left join (
            select id, count(*) as numbers from counts
            where sample = -1 and number is not null and not is_absent
            group by id
        ) as found on subjects.id = found.id
    ),

    members as (
        {%- for population, first in {'served': 0, 'online': 1000}.items() %}
        {%- for cohort, samples in provender._cohorts(first).items() %}
        {%- for sample in samples %}
        select '{{ population }}' as population, '{{ cohort }}' as cohort, {{ sample }} as sample
        union all
        {%- endfor %}
        {%- endfor %}
        select '{{ population }}', 'baseline', -1
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    crowding as (
        {#- Kish's design effect, for rows of one entity that are all alike: n / (n * n / sum of squares) #}
        select unit, population, cohort, sum(rows_held * rows_held) / sum(rows_held) as design_effect
        from (
            select entities.unit, members.population, members.cohort, entities.entity, sum(cast(entities.rows_held as double)) as rows_held
            from entities
            inner join members on entities.sample = members.sample
            group by entities.unit, members.population, members.cohort, entities.entity
        ) as held
        group by unit, population, cohort
    ),

    {{ provender._drift_bins(categories) }},

    cohort_bins as (
        select bins.id, members.population, members.cohort, bins.bin, cast(sum(bins.c) as double) as c
        from bins
        inner join members on bins.sample = members.sample
        group by bins.id, members.population, members.cohort, bins.bin
    ),

    sizes as (
        select
            cohort_bins.id,
            cohort_bins.population,
            cohort_bins.cohort,
            sum(cohort_bins.c) as row_count,
            sum(case when cohort_bins.bin < {{ provender._bin('absent') }} then cohort_bins.c else 0 end) as present,
            sum(case when cohort_bins.bin < {{ provender._bin('null') }} then cohort_bins.c else 0 end) as valued,
            coalesce(max(crowding.design_effect), 1) as design_effect
        from cohort_bins
        inner join subjects on cohort_bins.id = subjects.id
        left join crowding
            on
                subjects.unit = crowding.unit
                and cohort_bins.population = crowding.population
                and cohort_bins.cohort = crowding.cohort
        group by cohort_bins.id, cohort_bins.population, cohort_bins.cohort
    ),

    {{ provender._drift_pairs() }},

    {{ provender._drift_moments() }}
{%- endmacro %}


{#- Up to so many different values in the baseline, a number is a category. -#}
{% macro _few_numbers() %}{{ return(10) }}{% endmacro %}


{#- Bins: hundredths of the baseline for a number, ranks for a category; and these. -#}
{% macro _bin(name) %}{{ return({'other': 1000, 'null': 2000, 'absent': 3000}[name]) }}{% endmacro %}


{#- Which samples make up what is compared, of a population whose samples are numbered from `first`. -#}
{% macro _cohorts(first) %}
    {%- set days = provender._whole_days(provender._monitor_setting('drift', 'window')) -%}
    {%- set kept = provender._whole_days(provender._monitor_setting('drift', 'kept')) -%}
    {%- set cohorts = {'window': range(first, first + days) | list, 'day': [first], 'week_ago': [first + 7] if kept > 7 else []} -%}
    {{- return(dict(cohorts, then=[1999]) if first else cohorts) -}}
{% endmacro %}


{% macro _drift_bins(categories) -%}
    {%- set periods = [] -%}
    {%- for population, first in {'served': 0, 'online': 1000}.items() -%}
        {%- for cohort, samples in provender._cohorts(first).items() if cohort in ['window', 'day'] -%}
            {%- do periods.append({'population': population, 'cohort': cohort, 'name': population ~ '_' ~ cohort, 'from': samples[0], 'to': samples[-1]}) -%}
        {%- endfor -%}
    {%- endfor -%}
    points as (
        select
            id, number,
            cast(sum(case when sample = -1 then c else 0 end) as bigint) as baseline
            {%- for period in periods %},
            cast(sum(case when sample between {{ period.from }} and {{ period.to }} then c else 0 end) as bigint) as {{ period.name }}
            {%- endfor %}
        from counts
        where number is not null and not is_absent
        group by id, number
    ),

    {#- the empirical distribution functions, as counts #}
    numbers as (
        select
            id, number, baseline,
            {%- for name in ['baseline'] + periods | map(attribute='name') | list %}
            cast(sum({{ name }}) over (partition by id order by number rows unbounded preceding) as double) as {{ name }}_upto{{ ',' if not loop.last }}
            {%- endfor %}
        from points
    ),

    sums as (
        select
            id,
            max(baseline_upto) as baseline
            {%- for period in periods %},
            max({{ period.name }}_upto) as {{ period.name }}
            {%- endfor %}
        from numbers
        group by id
    ),

    {#- the largest distance between two empirical distribution functions is at one of their steps #}
    distances as (
        {%- for period in periods %}
        select
            numbers.id, '{{ period.population }}' as population, '{{ period.cohort }}' as cohort,
            max(abs(numbers.baseline_upto / sums.baseline - numbers.{{ period.name }}_upto / sums.{{ period.name }})) as d
        from numbers
        inner join sums on numbers.id = sums.id
        where sums.baseline > 0 and sums.{{ period.name }} > 0
        group by numbers.id
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ),

    ranks as (
        select id, category, row_number() over (partition by id order by c desc, category) as place
        from (
            select id, {{ provender._as_category() }} as category, sum(c) as c
            from counts
            where sample = -1 and not is_absent and (category is not null or number is not null)
            group by id, {{ provender._as_category() }}
        ) as held
    ),

    bins as (
        select id, sample, bin, sum(c) as c
        from (
            select
                counts.id, counts.sample, counts.c,
                {#- by the middle of the value's place in the baseline, so that a value held often is a bin of its own, apart from what is less #}
                cast(case when sums.baseline > 0 then least(99, floor(50e0 * (2 * numbers.baseline_upto - numbers.baseline) / sums.baseline)) else 0 end as integer) as bin
            from counts
            inner join numbers on counts.id = numbers.id and counts.number = numbers.number
            inner join sums on numbers.id = sums.id
            inner join kinds on numbers.id = kinds.id
            where kinds.kind = 'number' and not counts.is_absent
            union all
            select
                counts.id, counts.sample, counts.c,
                case when ranks.place <= {{ categories }} then ranks.place else {{ provender._bin('other') }} end as bin
            from counts
            inner join kinds on counts.id = kinds.id
            left join ranks on counts.id = ranks.id and {{ provender._as_category('counts.') }} = ranks.category
            where kinds.kind = 'category' and not counts.is_absent and (counts.category is not null or counts.number is not null)
            union all
            select id, sample, c, case when is_absent then {{ provender._bin('absent') }} else {{ provender._bin('null') }} end as bin
            from counts
            where is_absent or (number is null and category is null)
        ) as placed
        group by id, sample, bin
    )
{%- endmacro %}


{% macro _as_category(of='') -%}
    coalesce({{ of }}category, cast({{ of }}number as varchar))
{%- endmacro %}


{#- Statistics of each pair of cohorts. A count divided by its design effect is how many independent rows it is worth. -#}
{% macro _drift_pairs() -%}
    pairs as (
        select 'served' as population, 'window' as cohort, 'baseline' as other
        union all
        select 'served', 'day', 'baseline'
        union all
        select 'served', 'day', 'week_ago'
        union all
        select 'online', 'window', 'baseline'
        union all
        select 'online', 'day', 'baseline'
        union all
        select 'online', 'day', 'week_ago'
        union all
        select 'online', 'window', 'then'
        union all
        select 'online', 'day', 'then'
    ),

    pair_sizes as (
        select
            ours.id, ours.population, ours.cohort, pairs.other, kinds.kind,
            ours.row_count, ours.present, ours.valued, ours.design_effect,
            theirs.row_count as other_row_count, theirs.present as other_present, theirs.valued as other_valued,
            theirs.design_effect as other_design_effect,
            ours.valued / ours.design_effect as worth, theirs.valued / theirs.design_effect as other_worth
        from pairs
        inner join sizes as ours on pairs.population = ours.population and pairs.cohort = ours.cohort
        inner join sizes as theirs on ours.id = theirs.id and pairs.population = theirs.population and pairs.other = theirs.cohort
        inner join kinds on ours.id = kinds.id
    ),

    pair_bins as (
        select
            pair_sizes.id, pair_sizes.population, pair_sizes.cohort, pair_sizes.other, bins.bin,
            sum(case when bins.cohort = pair_sizes.cohort then bins.c else 0e0 end) as c,
            sum(case when bins.cohort = pair_sizes.other then bins.c else 0e0 end) as other_c
        from pair_sizes
        inner join cohort_bins as bins
            on
                pair_sizes.id = bins.id
                and pair_sizes.population = bins.population
                and bins.cohort in (pair_sizes.cohort, pair_sizes.other)
        where bins.bin < {{ provender._bin('null') }}
        group by pair_sizes.id, pair_sizes.population, pair_sizes.cohort, pair_sizes.other, bins.bin
    ),

    {#- D to a hundredth, where it is not measured at each value #}
    binned_distances as (
        select id, population, cohort, other, max(abs(c_upto / nullif(c_in_all, 0) - other_upto / nullif(other_in_all, 0))) as d
        from (
            select
                id, population, cohort, other,
                sum(c) over (partition by id, population, cohort, other order by bin) as c_upto,
                sum(other_c) over (partition by id, population, cohort, other order by bin) as other_upto,
                sum(c) over (partition by id, population, cohort, other) as c_in_all,
                sum(other_c) over (partition by id, population, cohort, other) as other_in_all
            from pair_bins
        ) as stepped
        group by id, population, cohort, other
    ),

    {#- deciles; and of categories those of which five can be expected in the smaller sample (Cochran), the others together #}
    buckets as (
        select id, population, cohort, other, bucket, sum(c) as c, sum(other_c) as other_c
        from (
            select
                pair_bins.*,
                case
                    when pair_sizes.kind = 'number' then cast(floor(pair_bins.bin / 10e0) as integer)
                    when
                        (pair_bins.c + pair_bins.other_c) / (pair_sizes.valued + pair_sizes.other_valued)
                        * least(pair_sizes.worth, pair_sizes.other_worth) < 5 then {{ provender._bin('other') }}
                    else pair_bins.bin
                end as bucket
            from pair_bins
            inner join pair_sizes using (id, population, cohort, other)
        ) as placed
        group by id, population, cohort, other, bucket
    ),

    bucketed as (
        select
            sized.id, sized.population, sized.cohort, sized.other,
            max(sized.bucket_count) - 1 as degrees,
            sum((sized.share - sized.other_share) * ln(sized.share / sized.other_share)) as psi,
            {#- Pearson's statistic of two rows of counts, each as many as it is worth (Rao and Scott's first-order correction) #}
            sum(
                power(
                    sized.c / sized.design_effect * sqrt(sized.other_worth / sized.worth)
                    - sized.other_c / sized.other_design_effect * sqrt(sized.worth / sized.other_worth), 2
                ) / (sized.c / sized.design_effect + sized.other_c / sized.other_design_effect)
            ) as chi_square
        from (
            select
                counted.*, pair_sizes.design_effect, pair_sizes.other_design_effect, pair_sizes.worth, pair_sizes.other_worth,
                {#- half a row is added to each bucket, so that an empty one has a logarithm #}
                (counted.c + 0.5e0) / (pair_sizes.valued + 0.5e0 * counted.bucket_count) as share,
                (counted.other_c + 0.5e0) / (pair_sizes.other_valued + 0.5e0 * counted.bucket_count) as other_share
            from (
                select *, count(*) over (partition by id, population, cohort, other) as bucket_count from buckets
            ) as counted
            inner join pair_sizes using (id, population, cohort, other)
            where pair_sizes.valued > 0 and pair_sizes.other_valued > 0
        ) as sized
        group by sized.id, sized.population, sized.cohort, sized.other
    ),

    statistics as (
        select
            pair_sizes.*,
            case when pair_sizes.other = 'baseline' then distances.d else binned_distances.d end as d,
            bucketed.psi, bucketed.degrees, bucketed.chi_square, bucketed.chi_square / 2 as half,
            case when pair_sizes.other = 'baseline' then distances.d else binned_distances.d end
            * sqrt(pair_sizes.worth * pair_sizes.other_worth / nullif(pair_sizes.worth + pair_sizes.other_worth, 0)) as ks_statistic,
            1e0 - pair_sizes.valued / nullif(pair_sizes.present, 0) as null_ratio,
            1e0 - pair_sizes.other_valued / nullif(pair_sizes.other_present, 0) as other_null_ratio,
            1e0 - pair_sizes.present / nullif(pair_sizes.row_count, 0) as absent_ratio,
            1e0 - pair_sizes.other_present / nullif(pair_sizes.other_row_count, 0) as other_absent_ratio
        from pair_sizes
        left join bucketed using (id, population, cohort, other)
        left join binned_distances using (id, population, cohort, other)
        left join distances
            on
                pair_sizes.id = distances.id
                and pair_sizes.population = distances.population
                and pair_sizes.cohort = distances.cohort
    ),

    terms as (
        {{ provender._chi_square_terms(provender._monitor_setting('drift', 'categories') // 2 + 2) }}
    ),

    term_sums as (
        select
            statistics.id, statistics.population, statistics.cohort, statistics.other,
            sum({{ provender._chi_square_term('statistics.half', 'statistics.degrees') }}) as terms_sum
        from statistics
        inner join terms on terms.n < floor(statistics.degrees / 2)
        where statistics.kind = 'category'
        group by statistics.id, statistics.population, statistics.cohort, statistics.other
    ),

    roots as (
        select
            statistics.*,
            coalesce(term_sums.terms_sum, 0) as terms_sum,
            sqrt(statistics.half) as half_root,
            sqrt({{ provender._share_chi_square('null_ratio', 'present') }} / 2) as null_root,
            sqrt({{ provender._share_chi_square('absent_ratio', 'row_count') }} / 2) as absent_root
        from statistics
        left join term_sums using (id, population, cohort, other)
    ),

    judged as (
        select
            *,
            {{ provender._kolmogorov_tail('ks_statistic') }} as ks_p,
            case
                when kind <> 'category' or half is null then null
                when degrees = 0 or half <= 0 then 1e0
                when degrees % 2 = 0 then terms_sum
                else terms_sum + {{ provender._erfc('half_root') }}
            end as chi_square_p,
            {{ provender._erfc('null_root') }} as null_p,
            {{ provender._erfc('absent_root') }} as absent_p,
            {{ provender._two_psi('null_ratio', 'present') }} as null_psi,
            {{ provender._two_psi('absent_ratio', 'row_count') }} as absent_psi
        from roots
    )
{%- endmacro %}


{#- Chi-square of a share in two samples, with one degree of freedom; 0 where all are alike. -#}
{% macro _share_chi_square(share, size) -%}
    coalesce(
                power({{ share }} - other_{{ share }}, 2) / nullif(
                    ({{ share }} * {{ size }} / design_effect + other_{{ share }} * other_{{ size }} / other_design_effect)
                    * ((1 - {{ share }}) * {{ size }} / design_effect + (1 - other_{{ share }}) * other_{{ size }} / other_design_effect)
                    / power({{ size }} / design_effect + other_{{ size }} / other_design_effect, 2)
                    * (design_effect / nullif({{ size }}, 0) + other_design_effect / nullif(other_{{ size }}, 0)), 0
                ),
                case when {{ share }} is not null and other_{{ share }} is not null then 0e0 end
            )
{%- endmacro %}


{#- PSI of a share and its rest, half a row added to each. -#}
{% macro _two_psi(share, size) -%}
    {%- set ours = '((' ~ share ~ ' * ' ~ size ~ ' + 0.5e0) / (' ~ size ~ ' + 1))' -%}
    {%- set theirs = '((other_' ~ share ~ ' * other_' ~ size ~ ' + 0.5e0) / (other_' ~ size ~ ' + 1))' -%}
    ({{ ours }} - {{ theirs }}) * (ln({{ ours }} / {{ theirs }}) - ln((1 - {{ ours }}) / (1 - {{ theirs }})))
{%- endmacro %}


{#- Mean, standard deviation and range of the numbers of each cohort; the first two of those below 1e150, whose squares are numbers. The
    deviation from parts of their own mean each (Chan, Golub and LeVeque 1979), since the squares of large numbers would cancel. -#}
{% macro _drift_moments() -%}
    sample_moments as (
        select
            counts.id, counts.sample,
            min(counts.number) as minimum, max(counts.number) as maximum,
            sum(case when abs(counts.number) < 1e150 then counts.c end) as c,
            sum(case when abs(counts.number) < 1e150 then counts.c * power(counts.number - centres.mean, 2) end) as squares,
            max(centres.mean) as mean
        from counts
        inner join (
            select id, sample, sum(case when abs(number) < 1e150 then c * number end) / sum(case when abs(number) < 1e150 then c end) as mean
            from counts
            where number is not null and not is_absent
            group by id, sample
        ) as centres on counts.id = centres.id and counts.sample = centres.sample
        where counts.number is not null and not counts.is_absent
        group by counts.id, counts.sample
    ),

    moments as (
        select
            id, population, cohort, min(minimum) as minimum, max(maximum) as maximum, max(cohort_mean) as mean,
            sqrt((sum(squares) + sum(c * power(mean - cohort_mean, 2))) / nullif(sum(c) - 1, 0)) as stddev
        from (
            select
                sample_moments.*, members.population, members.cohort,
                sum(sample_moments.c * sample_moments.mean) over (partition by sample_moments.id, members.population, members.cohort)
                / sum(sample_moments.c) over (partition by sample_moments.id, members.population, members.cohort) as cohort_mean
            from sample_moments
            inner join members on sample_moments.sample = members.sample
        ) as centred
        group by id, population, cohort
    )
{%- endmacro %}
