-- The training set has one row per flight of the raw schedule, and the label of none was known at its as_of.
{{ config(tags=['training']) }}

with counted as (

    select
        count(*) as training_rows,
        count(distinct flight_id) as flights,
        count(*) filter (where label_known_from <= as_of) as labels_known_too_early
    from {{ ref('arrival_delay_training') }}

),

raw_flights as (

    select count(*) as raw_rows from {{ source('nyc_flights', 'schedule') }}

)

select
    counted.*,
    raw_flights.raw_rows
from counted
cross join raw_flights
where
    counted.training_rows != raw_flights.raw_rows
    or counted.flights != raw_flights.raw_rows
    or counted.labels_known_too_early > 0
