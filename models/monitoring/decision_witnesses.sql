{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook='{{ provender._forget_decisions() }}',
    tags=['monitor']
) }}

with final as (

    {{ provender._decision_witnesses_sql() }}

)

select * from final
