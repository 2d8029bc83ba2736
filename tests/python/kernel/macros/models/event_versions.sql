select * from {{ provender.event_versions('deliveries', event_id=['event', 'part'], columns=['amount', 'note'], source=['lab', 'deliveries']) }}
