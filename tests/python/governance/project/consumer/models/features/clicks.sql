select 1 as clicks
