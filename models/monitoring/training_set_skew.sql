{{ config(materialized='table', tags=['monitor']) }}

with final as (

    {{ provender._training_set_skew_sql(ref('training_sets'), ref('skew')) }}

)

select * from final
