select * from {{ source('lab', 'labels') }}
