select
    customer_id,
    live_from,
    live_until
from {{ source('bench', 'customers') }}
