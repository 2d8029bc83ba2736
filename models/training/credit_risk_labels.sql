with applications as (

    select * from {{ ref('stg_lender__loan_applications') }}

),

outcomes as (

    select * from {{ ref('stg_lender__loan_outcomes') }}

),

runs as (

    select * from {{ ref('run_availability') }}
    where view = 'customer_activity'

),

labelled as (

    select
        applications.application_id,
        applications.customer_id,
        applications.device_id,
        applications.ip,
        applications.amount,
        applications.occurred_at as applied_at,
        outcomes.outcome = 'defaulted' as defaulted,
        outcomes.known_from as label_known_from
    from applications
    inner join outcomes
        on
            applications.application_id = outcomes.application_id
            and {{ provender.known_at('outcomes', provender.as_of()) }}
    where
        {{ provender.known_at('applications', provender.as_of()) }}
        -- history answers from its first run on; earlier applications are for features_at
        and applications.occurred_at > (select min(runs.available_from) from runs)

),

final as (

    select * from {{ provender.events_spine('labelled', at='applied_at') }}

)

select * from final
