with final as (

    {{ provender._feature_entity_rows() }}

)

select * from final
