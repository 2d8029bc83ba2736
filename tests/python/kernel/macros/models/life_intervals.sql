select * from {{ provender.life_intervals('events', keys=['id'], alive="status = 'in'") }}
