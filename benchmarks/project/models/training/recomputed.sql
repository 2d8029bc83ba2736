select * from {{ provender.point_in_time_join(
    spine=source('labels', 'spine'), views=['payment_windows'], source='recompute', metadata=false
) }} as training
