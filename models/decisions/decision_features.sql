{{ config(materialized='view') }}

with final as (

    {{ provender._decision_features_sql(ref('decision_views')) }}

)

select * from final
