-- Placed + quarantined = raw, exactly, for each dated feed: nothing is lost on the way, nothing doubled.
with counted as (

    select
        'schedule' as source_table,
        (select count(*) from {{ source('nyc_flights', 'schedule') }}) as raw_rows,
        (select count(*) from {{ ref('stg_flights__schedule') }}) as placed_rows

    union all

    select
        'movements' as source_table,
        (select count(*) from {{ source('nyc_flights', 'movements') }}) as raw_rows,
        (select count(*) from {{ ref('stg_flights__landings') }})
        + (select count(*) from {{ ref('stg_flights__not_landed') }}) as placed_rows

    union all

    select
        'weather' as source_table,
        (select count(*) from {{ source('nyc_flights', 'weather') }}) as raw_rows,
        (select count(*) from {{ ref('stg_weather__observations') }}) as placed_rows

),

quarantined as (

    select
        source_table,
        count(*) as quarantined_rows
    from {{ ref('quarantine') }}
    group by source_table

)

select
    counted.*,
    quarantined.quarantined_rows
from counted
left join quarantined
    on counted.source_table = quarantined.source_table
where counted.raw_rows != counted.placed_rows + coalesce(quarantined.quarantined_rows, 0)
