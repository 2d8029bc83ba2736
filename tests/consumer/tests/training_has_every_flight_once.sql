-- The training set has one row per flight of the raw schedule, and no feature of a flight knows its own arrival.
{{ config(tags=['training']) }}

select
    count(*) as training_rows,
    count(distinct flight_id) as flights,
    count(*) filter (where label_known_from <= as_of) as labels_known_too_early,
    (select count(*) from {{ source('nyc_flights', 'schedule') }}) as raw_flights
from {{ ref('arrival_delay_training') }}
having
    training_rows != flights
    or flights != raw_flights
    or labels_known_too_early > 0
