{% macro event_versions(relation, event_id, columns, source) %}
    {{- return(adapter.dispatch('event_versions', 'provender')(
        relation, event_id, columns, provender.settle(source)
    )) -}}
{% endmacro %}


{% macro default__event_versions(relation, event_id, columns, settle) -%}
    {%- set id = event_id | join(', ') -%}
    {%- set content = (columns + ['occurred_at']) -%}
    (
        with deliveries as (
            select
                {{ id }},
                {{ content | join(', ') }},
                loaded_at + {{ settle }} as known_from,
                row_number() over delivered as delivery,
                lag(row({{ content | join(', ') }})) over delivered as content_before
            from {{ relation }}
            -- equal load times are ordered by content, never by where a row happens to lie
            window delivered as (
                partition by {{ id }}
                order by loaded_at, {{ content | join(', ') }}
            )
        ),

        -- an identical redelivery is not a version
        versions as (
            select *
            from deliveries
            where
                delivery = 1
                or row({{ content | join(', ') }}) is distinct from content_before
        )

        select
            {{ id }},
            {{ content | join(', ') }},
            known_from,
            lead(known_from) over (partition by {{ id }} order by delivery) as known_until
        from versions
    )
{%- endmacro %}
