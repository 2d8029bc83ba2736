with final as (

    {{ provender._null_ratio_rows() }}

)

select * from final
