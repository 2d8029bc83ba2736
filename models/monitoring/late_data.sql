{{ config(materialized='table', tags=['monitor']) }}

with final as (

    {{ provender._late_data_rows() }}

)

select * from final
