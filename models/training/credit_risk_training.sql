select *
from {{ provender.point_in_time_join(
    spine=ref('credit_risk_labels'),
    views=['customer_activity', 'customer_spend@2', 'customer_credit', 'device_activity', 'ip_activity'],
) }} as training
