{%- set outcomes = provender._setting('outcomes', {}) %}

with final as (
    {%- for service, model in outcomes.items() %}

    select
        decisions.service,
        known.decision_id,
        {{ provender._row_as_json('known') }} as outcome
    from {{ ref(model) }} as known
    inner join {{ ref('decisions') }} as decisions
        on known.decision_id = decisions.decision_id
    where decisions.service = {{ provender._text(service) }}
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
