with final as (

    {{ provender._version_comparison_sql() }}

)

select * from final
