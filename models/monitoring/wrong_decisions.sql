{{ config(materialized='view', tags=['monitor']) }}

with final as (

    {{ provender._wrong_decisions_sql(ref('decision_witnesses')) }}

)

select * from final
