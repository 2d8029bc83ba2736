select 'a' as id, 'b' as part, timestamp '2020-01-01' as live_from, cast(null as timestamp) as live_until
