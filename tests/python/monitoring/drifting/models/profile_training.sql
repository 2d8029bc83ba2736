select * from {{ source('shop', 'training') }}
