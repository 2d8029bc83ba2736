{#- Upper tails of three distributions, as SQL expressions of a column; equal to scipy's to twelve digits. -#}

{#- Kolmogorov's distribution at D * sqrt(nm / (n + m)): scipy.special.kolmogorov. Two series, each where four terms are enough
    (Marsaglia, Tsang and Wang, Evaluating Kolmogorov's distribution, 2003, J. Stat. Softw. 8(18)). -#}
{% macro _kolmogorov_tail(at) -%}
    case
            when {{ at }} <= 0.04 then 1e0
            when {{ at }} < 1.18 then greatest(0e0, 1e0 - 2.5066282746310002e0 / {{ at }} * (
                exp(-1.2337005501361697e0 / ({{ at }} * {{ at }})) + exp(-11.103304951225528e0 / ({{ at }} * {{ at }}))
                + exp(-30.842513753404244e0 / ({{ at }} * {{ at }})) + exp(-60.451326956672315e0 / ({{ at }} * {{ at }}))
            ))
            else 2e0 * (
                exp(-2e0 * {{ at }} * {{ at }}) - exp(-8e0 * {{ at }} * {{ at }})
                + exp(-18e0 * {{ at }} * {{ at }}) - exp(-32e0 * {{ at }} * {{ at }})
            )
        end
{%- endmacro %}


{#- The complementary error function of a column that is not negative: the series of Abramowitz and Stegun 7.1.6 below 2, from there the 50th
    convergent of Laplace's continued fraction (7.1.14), and 0 where it is less than a double can say. Polynomials of positive terms: nothing
    cancels. erfc(sqrt(x / 2)) is the tail of chi-square with one degree of freedom. -#}
{% macro _erfc(z) -%}
    {%- set ns = namespace(coefficient=1.0, series=[], above=[0.0, 1.0], above_before=[1.0], below=[1.0], below_before=[0.0]) -%}
    {%- for n in range(1, 51) -%}
        {%- set ns.coefficient = ns.coefficient * 2 / (2 * n + 1) -%}
        {%- do ns.series.append(ns.coefficient) -%}
        {%- set above = provender._times_z_plus(ns.above, n / 2, ns.above_before) -%}
        {%- set below = provender._times_z_plus(ns.below, n / 2, ns.below_before) -%}
        {%- set ns.above_before = ns.above -%}
        {%- set ns.below_before = ns.below -%}
        {%- set ns.above = above -%}
        {%- set ns.below = below -%}
    {%- endfor -%}
    case
            when {{ z }} < 2 then 1e0 - 1.1283791670955126e0 * {{ z }} * exp(-{{ z }} * {{ z }}) * (
                1e0
                {%- for coefficient in ns.series %} + {{ coefficient }} * power({{ z }}, {{ 2 * loop.index }}){% endfor %}
            )
            when {{ z }} > 27 then 0e0
            else 0.5641895835477563e0 * exp(-{{ z }} * {{ z }}) * ({{ provender._polynomial(ns.below, z) }}) / ({{ provender._polynomial(ns.above, z) }})
        end
{%- endmacro %}


{#- Polynomials as lists of coefficients, from that of z to the 0 upwards: one times z, and another times a number. -#}
{% macro _times_z_plus(one, number, other) %}
    {%- set sum = [0.0] + one -%}
    {%- set filled = other + [0.0] * (sum | length - other | length) -%}
    {%- set added = [] -%}
    {%- for coefficient in sum -%}
        {%- do added.append(coefficient + number * filled[loop.index0]) -%}
    {%- endfor -%}
    {{- return(added) -}}
{% endmacro %}


{% macro _polynomial(coefficients, z) -%}
    0e0
    {%- for n in range(coefficients | length) if coefficients[n] %} + {{ coefficients[n] }} * power({{ z }}, {{ n }}){% endfor %}
{%- endmacro %}


{#- What the tail of chi-square is summed from: log n! and log gamma(n + 3/2), for n from 0. -#}
{% macro _chi_square_terms(count) -%}
    select
            n,
            sum(case when n = 0 then 0e0 else ln(cast(n as double)) end) over (order by n rows unbounded preceding) as log_factorial,
            sum(case when n = 0 then -0.12078223763524522e0 else ln(n + 0.5e0) end) over (order by n rows unbounded preceding) as log_gamma
        from (
            {%- for n in range(count) %}
            {{ 'union all ' if not loop.first }}select {{ n }} as n
            {%- endfor %}
        ) as counted
{%- endmacro %}


{#- One term of it, over a row of the terms with n below floor(degrees / 2): all are positive, so that nothing cancels
    (Abramowitz and Stegun 26.4.4 and 26.4.5). What an odd number of degrees has beside them is erfc(sqrt(half)). -#}
{% macro _chi_square_term(half, degrees) -%}
    case
            when {{ half }} <= 0 then 0e0
            when {{ degrees }} % 2 = 0 then exp(-{{ half }} + terms.n * ln({{ half }}) - terms.log_factorial)
            else exp(-{{ half }} + (terms.n + 0.5e0) * ln({{ half }}) - terms.log_gamma)
        end
{%- endmacro %}
