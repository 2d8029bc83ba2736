{{ config(materialized='view') }}
select * from {{ provender.event_versions(
    source('shop', 'orders'), event_id=['order_id'], columns=['customer_id', 'amount'], source=['shop', 'orders']
) }}
