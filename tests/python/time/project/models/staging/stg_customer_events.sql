select * from {{ provender.event_versions(
    source('shop', 'customer_events'),
    event_id=['event_id'],
    columns=['customer_id', 'status'],
    source=['shop', 'customer_events']
) }}
