select * from {{ ref('bad_features') }}
