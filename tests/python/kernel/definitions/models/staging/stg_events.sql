select * from {{ provender.event_versions(source('lab', 'events'), event_id=['event'], columns=['id', 'amount'], source=['lab', 'events']) }}
