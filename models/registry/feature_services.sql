with final as (

    {{ provender._feature_service_rows() }}

)

select * from final
