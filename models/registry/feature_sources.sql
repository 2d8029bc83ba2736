with final as (

    {{ provender._feature_source_rows() }}

)

select * from final
