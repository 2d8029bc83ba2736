{{ config(materialized='view') }}

with landed as (

    select * from {{ source('provender_log', 'feature_lineage') }}

),

recorded as (

    select
        view,
        version,
        fingerprint
    from {{ source('provender_log', 'definition_log') }}
    where view is not null and definition_sql is not null
    qualify row_number() over (
        partition by view, version
        order by recorded_at desc, fingerprint asc
    ) = 1

),

features as (

    {{ provender._feature_rows() }}

),

final as (

    select
        features.view,
        features.version,
        features.feature,
        recorded.fingerprint,
        landed.role,
        landed.source,
        landed.source_column,
        case
            when landed.feature is not null then landed.not_told
            else 'nobody looked at this definition: provender features lineage --land'
        end as not_told
    from features
    left join recorded
        on
            features.view = recorded.view
            and features.version = recorded.version
    left join landed
        on
            features.view = landed.view
            and features.version = landed.version
            and features.feature = landed.feature
            -- what was told of another definition says nothing of this one
            and recorded.fingerprint = landed.fingerprint

)

select * from final
