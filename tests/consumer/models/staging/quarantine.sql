with final as (

    select
        'schedule' as source_table,
        flight_id as row_id,
        problem,
        loaded_at
    from {{ ref('base_flights__schedule') }}
    where problem is not null

    union all

    select
        'movements' as source_table,
        flight_id as row_id,
        problem,
        loaded_at
    from {{ ref('base_flights__movements') }}
    where problem is not null

    union all

    select
        'weather' as source_table,
        observation_id as row_id,
        problem,
        loaded_at
    from {{ ref('base_weather__observations') }}
    where problem is not null

)

select * from final
