{% macro life_intervals(relation, keys, alive) %}
    {{- return(adapter.dispatch('life_intervals', 'provender')(relation, keys, alive)) -}}
{% endmacro %}


{% macro default__life_intervals(relation, keys, alive) -%}
    {%- set key = keys | join(', ') -%}
    (
        with events as (
            select *, {{ alive }} as is_alive
            from {{ relation }}
        ),

        -- what is known of a key can change only when an event becomes visible or stops being so
        moments as (
            select {{ key }}, greatest(occurred_at, known_from) as moment
            from events
            union
            select {{ key }}, known_until as moment
            from events
            where known_until is not null and known_until > occurred_at
        ),

        states as (
            select
                {% for k in keys %}moments.{{ k }}, {% endfor %}
                moments.moment,
                -- the latest event known at that moment; none known, none alive
                coalesce(
                    arg_max(events.is_alive, row(events.occurred_at, events.known_from, events.is_alive)),
                    false
                ) as is_alive
            from moments
            left join events
                on {% for k in keys %}moments.{{ k }} = events.{{ k }} and {% endfor %}
                    {{ provender.known_at('events', 'moments.moment') }}
            group by {% for k in keys %}moments.{{ k }}, {% endfor %}moments.moment
        ),

        changes as (
            select *
            from states
            qualify is_alive is distinct from lag(is_alive) over (partition by {{ key }} order by moment)
        ),

        intervals as (
            select
                {{ key }},
                is_alive,
                moment as live_from,
                lead(moment) over (partition by {{ key }} order by moment) as live_until
            from changes
        )

        select {{ key }}, live_from, live_until
        from intervals
        where is_alive
    )
{%- endmacro %}
