select * from {{ ref('stg_events') }} where amount >= {{ var('floor', 0) }}
