{%- set outcomes = var('provender', {}).get('outcomes') or {} %}

with final as (
    {%- for service, model in outcomes.items() %}

    select
        '{{ service }}' as service,
        decision_id,
        {{ provender._row_as_json('known') }} as outcome
    from {{ ref(model) }} as known
    where decision_id is not null
    {{ 'union all' if not loop.last }}
    {%- else %}

    select
        cast(null as varchar) as service,
        cast(null as varchar) as decision_id,
        cast(null as varchar) as outcome
    where false
    {%- endfor %}

)

select * from final
