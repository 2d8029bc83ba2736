select local_time, zone, {{ provender.to_utc('local_time', 'zone') }} as utc from clocks
