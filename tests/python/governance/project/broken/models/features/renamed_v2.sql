select spine.customer_id, spine.as_of, 1 as f
from {{ provender.spine('customer') }} as spine
