with loan_payments as (

    select * from {{ ref('stg_lender__loan_payments') }}

),

accounts as (

    select * from {{ ref('stg_lender__account_events') }}

),

paid as (

    select
        spine.customer_id,
        spine.as_of,
        count(loan_payments.loan_payment_id) as payments,
        count(loan_payments.loan_payment_id) filter (
            where cast(loan_payments.occurred_at as date) > loan_payments.due_on
        ) as late_payments
    from {{ provender.spine('customer') }} as spine
    left join loan_payments
        on
            spine.customer_id = loan_payments.customer_id
            and {{ provender.known_at('loan_payments', 'spine.as_of') }}
            and {{ provender.in_window('loan_payments.occurred_at', '90d', 'spine.as_of') }}
    group by spine.customer_id, spine.as_of

),

-- the latest known event of each account tells whether it is open
account_states as (

    select
        spine.customer_id,
        spine.as_of,
        accounts.kind,
        accounts.event
    from {{ provender.spine('customer') }} as spine
    inner join accounts
        on
            spine.customer_id = accounts.customer_id
            and {{ provender.known_at('accounts', 'spine.as_of') }}
    qualify row_number() over (
        partition by spine.customer_id, spine.as_of, accounts.account_id
        order by accounts.occurred_at desc, accounts.known_from desc, accounts.event_id desc
    ) = 1

),

open_savings as (

    select distinct
        customer_id,
        as_of
    from account_states
    where kind = 'savings' and event = 'opened'

),

final as (

    select
        paid.customer_id,
        paid.as_of,
        cast(paid.late_payments as integer) as late_loan_payments_90d,
        case
            when paid.payments > 0
                then cast(paid.payments - paid.late_payments as double) / paid.payments
        end as on_time_share_90d,
        open_savings.customer_id is not null as has_savings_account
    from paid
    left join open_savings
        on
            paid.customer_id = open_savings.customer_id
            and paid.as_of = open_savings.as_of

)

select * from final
