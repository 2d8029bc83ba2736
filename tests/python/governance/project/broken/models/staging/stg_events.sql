select * from {{ source('bare', 'events') }} where loaded_at < current_date
union all select * from {{ source('wrong', 'zero') }} where loaded_at < {{ provender.as_of() }}
union all select * from {{ source('wrong', 'on') }}
