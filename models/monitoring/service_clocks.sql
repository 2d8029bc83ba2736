{{ config(materialized='table', tags=['monitor']) }}

with final as (

    {{ provender._service_clocks_sql(ref('decisions')) }}

)

select * from final
