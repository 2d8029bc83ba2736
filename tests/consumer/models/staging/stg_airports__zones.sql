with airports as (

    select * from {{ source('nyc_flights', 'airports') }}

),

missing as (

    select * from {{ ref('missing_airport_zones') }}

),

named as (

    select
        faa as airport,
        tzone as zone
    from airports

    union all

    select
        faa as airport,
        tzone as zone
    from missing
    where faa not in (select airports.faa from airports)

),

final as (

    select
        airport,
        zone
    from named
    -- an airport without a zone that the database knows has no local time
    where zone in (select zones.name from pg_timezone_names() as zones)

)

select * from final
