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


{#- The complementary error function of a column that is not negative: the series of Abramowitz and Stegun 7.1.6 below 2, Laplace's
    continued fraction (7.1.14) from there. erfc(sqrt(x / 2)) is the tail of chi-square with one degree of freedom. -#}
{% macro _erfc(z) -%}
    {%- set ns = namespace(series='1e0', fraction=z) -%}
    {%- for n in range(40, 0, -1) -%}
        {%- set ns.series = '(1e0 + ' ~ (2 / (2 * n + 1)) ~ 'e0 * ' ~ z ~ ' * ' ~ z ~ ' * ' ~ ns.series ~ ')' -%}
        {%- set ns.fraction = '(' ~ z ~ ' + ' ~ (n / 2) ~ 'e0 / ' ~ ns.fraction ~ ')' -%}
    {%- endfor -%}
    case
            when {{ z }} < 2 then 1e0 - 1.1283791670955126e0 * {{ z }} * exp(-{{ z }} * {{ z }}) * {{ ns.series }}
            else 0.5641895835477563e0 * exp(-{{ z }} * {{ z }}) / {{ ns.fraction }}
        end
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
