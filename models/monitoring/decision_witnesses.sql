{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook='{{ provender._forget_decisions(landed_in="decision_views") }}',
    tags=['monitor']
) }}

with final as (

    {{ provender._decision_witnesses_sql() }}

)

select * from final
