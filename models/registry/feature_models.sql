with final as (

    {{ provender._feature_model_rows() }}

)

select * from final
