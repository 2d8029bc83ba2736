with final as (

    {{ provender._feature_test_rows() }}

)

select * from final
