-- now() and current_date in a comment are no clock
select payment_id, customer_id, 'current_timestamp' as "now()", loaded_at
from {{ source('lender', 'payments') }} {# run_started_at #}
