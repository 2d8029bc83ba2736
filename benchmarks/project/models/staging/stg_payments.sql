select * from {{ source('bench', 'payments') }}
