with final as (

    {{ provender._source_lag_rows() }}

)

select * from final
