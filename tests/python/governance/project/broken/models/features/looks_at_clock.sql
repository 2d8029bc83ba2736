select
    spine.customer_id,
    spine.as_of,
    now() as f,
    cast('{{ run_started_at }}' as timestamp) as g,
    'today'::date as h,
    age(events.loaded_at) as i
from {{ provender.spine('customer') }} as spine
left join {{ ref('stg_events') }} as events
    on events.loaded_at < {{ provender.as_of() }} and events.loaded_at < '{{ var("as_of", "") }}'
