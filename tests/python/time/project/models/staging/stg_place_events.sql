select * from {{ provender.event_versions(
    source('shop', 'place_events'),
    event_id=['event_id'],
    columns=['region', 'code', 'status'],
    source=['shop', 'place_events']
) }}
