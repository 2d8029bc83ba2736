{#- Finds the slots, and which of the asked features each has already; says so, and returns how many lack one. -#}
{% macro _find_slots(asked) %}
    {%- set slots = provender._make_working('slots', provender._slots_sql(asked)) -%}
    {%- set found = run_query(
        "select count(*) filter (where filled <> '" ~ provender._all_filled(asked) ~ "'), count(*) filter (where is_of_another_definition) from " ~ slots
    )[0] -%}
    {#- scripts/backfill.py reads this line. -#}
    {%- do log(
        'backfill ' ~ asked.view.label ~ ': ' ~ asked.count ~ ' slots, ' ~ (asked.count - found[0]) ~ ' filled before, ' ~ found[0] ~ ' to fill', info=true
    ) -%}
    {%- if found[1] -%}
        {%- do log(
            'backfill ' ~ asked.view.label ~ ': ' ~ found[1] ~ ' slots were filled by an earlier definition of the view, and stay as they are', info=true
        ) -%}
    {%- endif -%}
    {{- return(found[0] | int) -}}
{% endmacro %}


{#- `filled` is a 1 or 0 for each asked feature, in their order. -#}
{% macro _slots_sql(asked) -%}
    with logged as (
        select
            as_of,
            {% for feature in asked.features %}max(case when feature = '{{ feature }}' then '1' else '0' end){{ ' || ' if not loop.last }}{% endfor %} as filled,
            max(case when fingerprint = {{ provender._text(asked.fingerprint) }} then 0 else 1 end) as is_of_another_definition
        from {{ provender._log_relation('backfill_log') }}
        where {{ provender._own_backfill(asked) }} and feature in ('{{ asked.features | join("', '") }}')
        group by as_of
    )

    select
        slots.as_of,
        coalesce(logged.filled, '{{ '0' * asked.features | length }}') as filled,
        coalesce(logged.is_of_another_definition, 0) = 1 as is_of_another_definition
    from {{ provender._moments(asked) }} as slots
    left join logged on slots.as_of = logged.as_of
{%- endmacro %}


{% macro _own_backfill(asked) -%}
    view = {{ provender._text(asked.view.name) }} and version = {{ asked.view.version }}
{%- endmacro %}


{% macro _all_filled(asked) %}{{ return('1' * asked.features | length) }}{% endmacro %}
