with events as (

    select * from {{ ref('stg_lender__customer_events') }}

),

final as (

    select *
    from {{ provender.life_intervals(
        'events', keys=['customer_id'], alive="event in ('joined', 'returned')"
    ) }}

)

select * from final
