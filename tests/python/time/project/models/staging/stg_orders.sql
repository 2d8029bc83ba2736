select * from {{ provender.event_versions(
    source('shop', 'orders'),
    event_id=['order_id'],
    columns=['customer_id', 'region', 'code', 'amount', 'note'],
    source=['shop', 'orders']
) }}
