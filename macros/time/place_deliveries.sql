{% macro place_deliveries(relation, event_id, columns, time, zone=none) %}
    {{- return(adapter.dispatch('place_deliveries', 'provender')(relation, event_id, columns, time, zone)) -}}
{% endmacro %}


{#- A date alone or a word like 'epoch' would cast to some time: only a whole one is read. Without a zone column it must end in
    Z, since a bare time could be anybody's. -#}
{% macro duckdb__place_deliveries(relation, event_id, columns, time, zone) -%}
    {%- set whole = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?' -%}
    {%- set ending = '$' if zone else 'Z$' -%}
    (
        with deliveries as (
            select
                *,
                cast(to_json(raw) as varchar) as raw_row,
                case when {{ time }} ~ '{{ whole ~ ending }}' then replace({{ time }}, 'Z', '') end as time_text,
                {{ zone or "'UTC'" }} as time_zone,
                case when loaded_at ~ '{{ whole }}Z$' then replace(loaded_at, 'Z', '') end as loaded_text
            from {{ relation }} as raw
        ),

        placed as (
            select
                *,
                {{ provender.to_utc('time_text', 'time_zone') }} as utc,
                {{ provender.to_utc('loaded_text', "'UTC'") }} as loaded_utc
            from deliveries
        )

        select
            {{ event_id }},
            {%- for column in columns %}
            {{ column }},
            {%- endfor %}
            raw_row,
            {{ time }} as raw_time,
            {{ zone or 'cast(null as varchar)' }} as raw_zone,
            utc as occurred_at,
            loaded_utc as loaded_at,
            case
                when {{ event_id }} is null then 'missing event id'
                when loaded_utc is null then 'unreadable load stamp'
                when utc is not null then null
                when time_zone is null {{ "or " ~ time ~ " ~ '" ~ whole ~ "$'" if not zone }} then 'missing zone'
                when {{ provender.to_utc('time_text', "'UTC'") }} is null then 'unreadable time'
                when not coalesce(time_zone in (select name from pg_timezone_names()), false) then 'unknown zone'
                else 'shown twice or skipped by a clock change'
            end as quarantine_reason
        from placed
    )
{%- endmacro %}
