with scores as (
    select * from {{ ref('stg_scores') }}
)

select
    spine.customer_id,
    spine.as_of,
    scores.credit_score,
    scores.open_loans,
    scores.late_payments,
    scores.balance,
    scores.credit_limit,
    scores.utilisation,
    scores.mean_payment,
    scores.segment,
    scores.is_salaried,
    scores.last_login_at
from {{ provender.spine('customer') }} as spine
left join scores
    on spine.customer_id = scores.customer_id
    and {{ provender.known_at('scores', 'spine.as_of') }}
