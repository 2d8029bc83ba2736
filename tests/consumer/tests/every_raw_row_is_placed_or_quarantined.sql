-- Placed + quarantined = raw, exactly, for each dated feed: nothing is lost on the way, nothing doubled.
with raw_rows as (

    select 'schedule' as source_table, count(*) as raw_rows from {{ source('nyc_flights', 'schedule') }}
    union all
    select 'movements' as source_table, count(*) as raw_rows from {{ source('nyc_flights', 'movements') }}
    union all
    select 'weather' as source_table, count(*) as raw_rows from {{ source('nyc_flights', 'weather') }}

),

placed as (

    select 'schedule' as source_table from {{ ref('stg_flights__schedule') }}
    union all
    select 'movements' as source_table from {{ ref('stg_flights__landings') }}
    union all
    select 'movements' as source_table from {{ ref('stg_flights__not_landed') }}
    union all
    select 'weather' as source_table from {{ ref('stg_weather__observations') }}

),

counted as (

    select
        raw_rows.source_table,
        raw_rows.raw_rows,
        (select count(*) from placed where placed.source_table = raw_rows.source_table) as placed_rows,
        (
            select count(*) from {{ ref('quarantine') }} as quarantine
            where quarantine.source_table = raw_rows.source_table
        ) as quarantined_rows
    from raw_rows

)

select * from counted
where raw_rows != placed_rows + quarantined_rows
