select spine.customer_id, spine.as_of, 1 as expires_early__f
from {{ provender.spine('client') }} as spine
