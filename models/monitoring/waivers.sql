{{ config(materialized='view') }}

with final as (

    {{ provender._waiver_rows() }}

)

select * from final
