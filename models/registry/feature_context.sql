with final as (

    {{ provender._feature_context_rows() }}

)

select * from final
