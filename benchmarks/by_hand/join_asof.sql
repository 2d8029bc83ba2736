-- The same by ASOF: the last version that readers could have, unless the key was gone by then.
select
    spine.*,
    case when history.gone_at <= spine.as_of or history.known_from is null then 0 else history.credit_score end as credit_score,
    case when history.gone_at <= spine.as_of or history.known_from is null then 0 else history.late_payments end as late_payments,
    case when history.gone_at <= spine.as_of or history.known_from is null then 0 else history.balance end as balance,
    case when history.gone_at <= spine.as_of or history.known_from is null then 0 else history.utilisation end as utilisation,
    case when history.gone_at <= spine.as_of or history.known_from is null then 'none' else history.segment end as segment
from labels.spine as spine
asof left join (
    select
        *,
        valid_from + interval 2 minutes as known_from,
        valid_to + interval 2 minutes as gone_at
    from scores_history
) as history
    on spine.customer_id = history.customer_id
    and history.known_from <= spine.as_of
