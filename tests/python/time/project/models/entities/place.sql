select * from {{ provender.life_intervals(ref('stg_place_events'), keys=['region', 'code'], alive="status = 'in'") }}
