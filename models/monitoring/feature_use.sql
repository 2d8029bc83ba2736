with service_views as (

    {{ provender._service_view_rows() }}

),

declared as (

    {{ provender._feature_view_rows() }}

),

deciders as (

    select
        service,
        model_version,
        count(*) as decisions,
        cast(sum({{ provender._json_size('outside') }}) as bigint) as outside_features
    from {{ ref('decisions') }}
    where {{ provender._in_health_window('decided_at') }}
    group by service, model_version

),

served as (

    select
        service,
        model_version,
        count(*) as store_features
    from {{ ref('decision_features') }}
    where
        role = 'decides'
        and {{ provender._in_health_window('decided_at') }}
    group by service, model_version

),

models as (

    select
        deciders.service,
        deciders.model_version,
        deciders.decisions,
        deciders.outside_features,
        coalesce(served.store_features, 0) as store_features
    from deciders
    left join served
        on
            deciders.service = served.service
            and deciders.model_version is not distinct from served.model_version

),

last_reads as (

    select
        view,
        version,
        max(decided_at) as last_read_at
    from {{ ref('decision_views') }}
    where
        decided_at <= {{ provender.as_of() }}
        and decided_at
        > {{ provender.as_of() }}
        - {{ provender.duration(provender._monitor_setting('health', 'unread_after')) }}
    group by view, version

),

-- where nobody logs decisions, nobody can tell who is read
logged as (

    select count(*) as views_read
    from last_reads

),

readers as (

    select
        view,
        version,
        string_agg(service, ', ' order by service) as services
    from service_views
    group by view, version

),

final as (

    select
        models.service,
        models.model_version,
        cast(null as varchar) as view,
        cast(null as integer) as version,
        models.decisions,
        models.store_features,
        models.outside_features,
        models.store_features
        / cast(nullif(models.store_features + models.outside_features, 0) as double) as share_from_store,
        cast(null as varchar) as services,
        cast(null as timestamp) as last_read_at,
        cast(null as boolean) as is_unread
    from models

    union all

    select
        null as service,
        null as model_version,
        declared.view,
        declared.version,
        null as decisions,
        null as store_features,
        null as outside_features,
        null as share_from_store,
        readers.services,
        last_reads.last_read_at,
        case when logged.views_read > 0 then last_reads.last_read_at is null end as is_unread
    from declared
    left join last_reads
        on
            declared.view = last_reads.view
            and declared.version = last_reads.version
    left join readers
        on
            declared.view = readers.view
            and declared.version = readers.version
    cross join logged

)

select * from final
