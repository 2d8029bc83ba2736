with final as (

    {{ provender._feature_view_rows() }}

)

select * from final
