select *
from {{ provender.point_in_time_join(
    spine=ref('flight_labels'),
    views=['carrier_delays', 'route_delays', 'origin_weather'],
    source='recompute',
) }} as training
