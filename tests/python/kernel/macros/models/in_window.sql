select
    moment,
    {{ provender.in_window('moment', '90s', 'as_of') }} as s,
    {{ provender.in_window('moment', '10m', 'as_of') }} as m,
    {{ provender.in_window('moment', '24h', 'as_of') }} as h,
    {{ provender.in_window('moment', '30d', 'as_of') }} as d
from moments
