-- now(), current_timestamp and don't
/* current_date and 'today'::date */
select spine.customer_id, spine.as_of, 'getdate() it''s now()' as f, "current_date" {# run_started_at #}
from {{ provender.spine('customer') }} as spine
