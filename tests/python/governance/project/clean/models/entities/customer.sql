select distinct customer_id, loaded_at as live_from, cast(null as timestamp) as live_until
from {{ ref('stg_payments') }}
