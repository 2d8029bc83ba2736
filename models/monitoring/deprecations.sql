with declared as (

    {{ provender._feature_view_rows() }}

),

service_views as (

    {{ provender._service_view_rows() }}

),

services as (

    {{ provender._service_owners() }}

),

reads as (

    select
        service,
        view,
        version,
        max(decided_at) as last_read_at
    from {{ ref('decision_views') }}
    where
        decided_at <= {{ provender.as_of() }}
        -- who has moved is not told for days that it once read it
        and decided_at > {{ provender.as_of() }} - {{ provender.duration('24h') }}
    group by service, view, version

),

readers as (

    select
        coalesce(service_views.service, reads.service) as service,
        coalesce(service_views.view, reads.view) as view,
        coalesce(service_views.version, reads.version) as version,
        service_views.service is not null as is_declared,
        reads.last_read_at
    from service_views
    full join reads
        on
            service_views.service = reads.service
            and service_views.view = reads.view
            and service_views.version = reads.version

),

dated as (

    select
        readers.service,
        declared.view,
        declared.version,
        declared.deprecation_date,
        cast(declared.deprecation_date as timestamp)
        - {{ provender.duration(provender._monitor_setting('health', 'notice')) }} as deprecated_from,
        {{ provender._seconds_between(provender.as_of(), 'cast(declared.deprecation_date as timestamp)') }}
        / 86400.0 as days_left,
        coalesce(readers.is_declared, false) as is_declared,
        readers.last_read_at,
        services.owner
    from declared
    left join readers
        on
            declared.view = readers.view
            and declared.version = readers.version
    left join services on readers.service = services.service
    where declared.deprecation_date is not null

),

judged as (

    select
        *,
        service is not null and deprecated_from <= {{ provender.as_of() }} as is_noticed
    from dated

),

final as (

    select
        service,
        view,
        version,
        deprecation_date,
        days_left,
        is_declared,
        last_read_at,
        owner,
        case
            when is_noticed
                then
                    service || case when is_declared then ' reads ' else ' read ' end
                    || view || '@' || version
                    || case when is_declared then '' else ', as the decision log has it' end
                    || ', which may be gone ' || case when days_left > 0 then 'from ' else 'since ' end
                    || deprecation_date
                    || case
                        when days_left > 0 then ' on, in ' || cast(ceil(days_left) as integer) || ' days'
                        else ''
                    end || '.'
        end as finding,
        case when is_noticed then deprecated_from end as since,
        case
            when is_noticed
                then
                    'Let its exposure name another version, build and push;'
                    || ' or let the owner of the view move its `deprecation_date`.'
        end as what_to_do
    from judged

)

select * from final
