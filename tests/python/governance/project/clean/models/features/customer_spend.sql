select spine.customer_id, spine.as_of, activity.payments
from {{ provender.spine('customer') }} as spine
left join {{ provender.features_of('customer_activity', v=2) }} as activity
    on spine.customer_id = activity.customer_id and spine.as_of = activity.as_of
