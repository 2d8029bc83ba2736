{{ config(materialized='view') }}

select * from {{ provender.life_intervals(ref('stg_orders'), keys=['customer_id'], alive='amount > 0') }}
