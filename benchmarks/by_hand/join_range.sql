-- A version is what readers got from two minutes after the run that computed it, when that was pushed, until two minutes after the run
-- that replaced it. True of these files, where each push came two minutes after its run, and each after the last.
select
    spine.*,
    case when history.valid_from is null then 0 else history.credit_score end as credit_score,
    case when history.valid_from is null then 0 else history.late_payments end as late_payments,
    case when history.valid_from is null then 0 else history.balance end as balance,
    case when history.valid_from is null then 0 else history.utilisation end as utilisation,
    case when history.valid_from is null then 'none' else history.segment end as segment
from labels.spine as spine
left join scores_history as history
    on spine.customer_id = history.customer_id
    and history.valid_from <= spine.as_of - interval 2 minutes
    and (history.valid_to is null or history.valid_to > spine.as_of - interval 2 minutes)
