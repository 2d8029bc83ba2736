{#- The decisions that were given a wrong value, with what it should have been: what history has, where the online store was wrong; what the
    events give, where history was. -#}
{% macro _wrong_decisions_sql(witnesses) %}
    {{- return(adapter.dispatch('_wrong_decisions_sql', 'provender')(witnesses)) -}}
{% endmacro %}


{% macro default___wrong_decisions_sql(witnesses) -%}
    select
        decision_id, decided_at, read_at, service, view, version, generation, as_of,
        found.feature as feature,
        found.name as name,
        found.served as served,
        case when found.is_online_wrong then found.in_history else found.recomputed end as should_have_been,
        case when found.is_online_wrong then 'online store' else 'history' end as wrong_in,
        found.difference as difference
    from (
        select decision_id, decided_at, read_at, service, view, version, generation, as_of, unnest(differing) as found
        from {{ witnesses }}
    ) as each_feature

    union all

    select
        decision_id, decided_at, read_at, service, view, version, generation, as_of,
        null as feature,
        null as name,
        case when {{ provender._is_missing() }} then 'missing' else 'a row' end as served,
        case
            when {{ provender._is_missing() }} then 'the row of history'
            when {{ provender._is_extra() }} then 'missing'
            else 'a row of a run'
        end as should_have_been,
        'online store' as wrong_in,
        null as difference
    from {{ witnesses }}
    where {{ provender._is_missing() }} or {{ provender._is_extra() }} or {{ provender._is_of_no_run() }}
{%- endmacro %}
