with final as (

    select
        spine.customer_id,
        spine.as_of,
        case
            when activity.payments_90d > 0
                then cast(activity.payments_30d * 3 as double) / activity.payments_90d
        end as monthly_trend,
        activity.payments_30d = 0 as is_dormant
    from {{ provender.spine('customer') }} as spine
    inner join {{ provender.features_of('customer_activity') }} as activity
        on
            spine.customer_id = activity.customer_id
            and spine.as_of = activity.as_of

)

select * from final
