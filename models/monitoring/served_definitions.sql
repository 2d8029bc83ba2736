with final as (

    {{ provender._served_definitions_sql() }}

)

select * from final
