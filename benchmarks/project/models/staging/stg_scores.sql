select * from {{ source('bench', 'scores') }}
