-- The counts in README.md, which a change of the data set or of the staging would make untrue.
with movements as (

    select
        movements.*,
        {{ to_local('schedule.scheduled_departure_at', 'schedule.origin_zone') }} as due_to_leave_local,
        {{ to_local('movements.landed_at', 'schedule.dest_zone') }} as landed_local
    from {{ ref('base_flights__movements') }} as movements
    inner join {{ ref('stg_flights__schedule') }} as schedule
        on movements.flight_id = schedule.flight_id

),

raw_movements as (

    select * from {{ source('nyc_flights', 'movements') }}

),

weather as (

    select * from {{ source('nyc_flights', 'weather') }}

),

counted as (

    select
        'cancelled' as what,
        8255 as in_readme,
        count(*) as found
    from movements
    where outcome = 'cancelled'

    union all

    select
        'diverted' as what,
        1175 as in_readme,
        count(*) as found
    from movements
    where outcome = 'diverted'

    union all

    select
        'landed on a later local date' as what,
        11885 as in_readme,
        count(*) as found
    from movements
    where outcome = 'landed' and cast(landed_local as date) > cast(due_to_leave_local as date)

    union all

    select
        'landed in the hour shown twice' as what,
        1 as in_readme,
        count(*) as found
    from movements
    where
        outcome = 'landed'
        and cast(landed_local as date) = '2013-11-03'
        and hour(landed_local) = 1

    union all

    select
        'to an airport that airports lacks' as what,
        7602 as in_readme,
        count(*) as found
    from raw_movements
    where dest not in (select airports.faa from {{ source('nyc_flights', 'airports') }} as airports)

    union all

    select
        'written 24:00' as what,
        179 as in_readme,
        count(*) filter (where dep_time = 2400) + count(*) filter (where arr_time = 2400) as found
    from raw_movements

    union all

    select
        'local weather hours written twice' as what,
        3 as in_readme,
        count(*) - count(distinct concat_ws('-', origin, month, day, hour)) as found
    from weather

    union all

    select
        'impossible wind' as what,
        1 as in_readme,
        count(*) as found
    from weather
    where wind_speed > 253

    union all

    select
        'quarantined' as what,
        1 as in_readme,
        count(*) as found
    from {{ ref('quarantine') }}

)

select * from counted
where found != in_readme
