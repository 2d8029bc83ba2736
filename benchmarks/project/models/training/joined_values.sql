select * from {{ provender.point_in_time_join(
    spine=source('labels', 'spine'),
    views=['scores'],
    features=['credit_score', 'late_payments', 'balance', 'utilisation', 'segment'],
    metadata=false
) }} as training
