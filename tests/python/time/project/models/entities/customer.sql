select * from {{ provender.life_intervals(ref('stg_customer_events'), keys=['customer_id'], alive="status = 'in'") }}
