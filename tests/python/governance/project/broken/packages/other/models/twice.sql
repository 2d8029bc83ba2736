select 1 as customer_id, 2 as as_of, 3 as f
