{{ config(materialized='table', tags=['monitor']) }}

with final as (

    {{ provender._skew_sql(ref('decision_witnesses')) }}

)

select * from final
