with final as (

    {{ provender._feature_rows() }}

)

select * from final
