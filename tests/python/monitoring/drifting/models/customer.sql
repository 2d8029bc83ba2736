select 1 as customer_id, timestamp '2026-01-01' as live_from, cast(null as timestamp) as live_until
