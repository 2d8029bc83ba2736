{{ config(materialized='view') }}

with final as (

    {{ provender._decision_views_sql(ref('decisions')) }}

)

select * from final
