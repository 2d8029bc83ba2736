-- A delay is known only when the flight has landed: 5 minutes after its arrival, never before.
select * from {{ ref('stg_flights__landings') }}
where known_from != occurred_at + interval '5 minutes'
