select id, live_from, live_until from {{ source('lab', 'things') }}
