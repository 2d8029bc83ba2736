-- depends_on: {{ ref('decisions') }}
-- depends_on: {{ ref('decision_features') }}
{{ config(materialized='table', tags=['monitor']) }}

with final as (

    {{ provender._drift_rows() }}

)

select * from final
