{{ config(materialized='view') }}

select
    n,
    decision_id,
    customer_id as buyer,
    region as area,
    code as spot,
    as_of as asked_at,
    amount,
    level
from {{ source('labels', 'asked') }}
