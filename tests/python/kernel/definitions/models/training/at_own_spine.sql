with asked as (
    select id, as_of from {{ ref('upon') }}
)

select * from {{ provender.features_at('upon', 'asked') }}
