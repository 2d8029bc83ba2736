{#- Each definition that decisions of a model version were served, and whether the training set of that model version saw it. -#}
{% macro _served_definitions_sql() %}
    {{- return(adapter.dispatch('_served_definitions_sql', 'provender')()) -}}
{% endmacro %}


{% macro default___served_definitions_sql() -%}
    with declared as (
        {{ provender._training_set_rows() }}
    ),

    accepted as (
        {{ provender._same_as_trained_rows() }}
    ),

    deciders as (
        select service, model_version, min(decided_at) as first_decided_at
        from {{ ref('provender', 'decisions') }}
        where decided_at <= {{ provender.as_of() }}
        group by service, model_version
    ),

    served as (
        select
            service, model_version, view, version, fingerprint,
            count(*) as decisions, min(decided_at) as first_decided_at, max(decided_at) as last_decided_at
        from {{ ref('provender', 'decision_views') }}
        where
            status in ('ok', 'stale')
            and role = 'decides'
            and decided_at <= {{ provender.as_of() }}
            and decided_at > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('health', 'unread_after')) }}
        group by service, model_version, view, version, fingerprint
    ),

    builds as (
        select declared.service, declared.model_version, logged.training_set, logged.invocation_id, logged.built_at, logged.options
        from declared
        inner join deciders
            on declared.service = deciders.service and declared.model_version = deciders.model_version
        inner join {{ provender._log_relation('training_log') }} as logged
            on declared.built_as = logged.training_set
        where logged.built_at <= {{ provender.as_of() }}
        -- a model cannot have been trained on what was built after it began to decide; where nothing is older, on anything
        qualify
            logged.built_at <= deciders.first_decided_at
            or min(logged.built_at) over (partition by declared.service, declared.model_version) > deciders.first_decided_at
    ),

    rows_of_runs as (
        select distinct builds.service, builds.model_version, held.view, held.version, held.run_as_of, held.source
        from builds
        inner join {{ provender._log_relation('training_run_log') }} as held
            on builds.training_set = held.training_set and builds.invocation_id = held.invocation_id
        where held.run_as_of is not null
    ),

    asked as (
        select service, model_version, {{ provender._json_elements(provender._json_member('options', 'views')) }} as asked
        from builds
    ),

    seen as (
        select held.service, held.model_version, held.view, held.version, runs.fingerprint
        from rows_of_runs as held
        inner join {{ provender._log_relation('run_log') }} as runs
            on held.view = runs.view and held.version = runs.version and held.run_as_of = runs.as_of
        where held.source <> 'backfill'

        union

        select held.service, held.model_version, held.view, held.version, filled.fingerprint
        from rows_of_runs as held
        inner join {{ provender._log_relation('backfill_log') }} as filled
            on held.view = filled.view and held.version = filled.version and held.run_as_of = filled.as_of
        where held.source = 'backfill'

        union

        select
            service, model_version, {{ provender._json_text('asked', 'view') }}, cast({{ provender._json_text('asked', 'version') }} as integer),
            {{ provender._json_text('asked', 'recomputed_by') }}
        from asked
        where {{ provender._json_text('asked', 'recomputed_by') }} is not null
    ),

    defined as (
        select * from {{ ref('provender', 'definitions') }}
    ),

    -- what it was trained on of each view: the last definition, of the same version if there is one
    trained as (
        select
            seen.service, seen.model_version, seen.view, seen.version, seen.fingerprint, defined.definition_sql, defined.features,
            defined.policies, defined.recorded_at
        from seen
        left join defined on seen.fingerprint = defined.fingerprint
    ),

    judged as (
        select
            served.*,
            declared.training_set,
            declared.owner,
            accepted.reason as same_because,
            case
                when declared.training_set is null then 'no training set is declared for this model version'
                when not exists (
                    select 1 from builds where builds.service = served.service and builds.model_version = served.model_version
                ) then declared.training_set || ' was never built by point_in_time_join'
                when not exists (
                    select 1 from trained
                    where trained.service = served.service and trained.model_version = served.model_version and trained.view = served.view
                ) then declared.training_set || ' does not read it'
            end as not_compared,
            accepted.fingerprint is not null or exists (
                select 1 from trained
                where
                    trained.service = served.service and trained.model_version = served.model_version and trained.view = served.view
                    and trained.version = served.version and trained.fingerprint = served.fingerprint
            ) as is_known
        from served
        left join declared
            on served.service = declared.service and served.model_version = declared.model_version
        left join accepted
            on served.service = accepted.service and served.fingerprint = accepted.fingerprint
    ),

    beside as (
        select
            judged.*,
            trained.version as trained_version,
            trained.fingerprint as trained_fingerprint,
            case
                when judged.is_known or judged.not_compared is not null then null
                when trained.version <> judged.version then 'version'
                when (trained.definition_sql is distinct from defined.definition_sql) then 'SQL'
                when (trained.features is distinct from defined.features) then 'features'
                when (trained.policies is distinct from defined.policies) then 'policies'
                else 'what it is built on'
            end as differs_in
        from judged
        left join defined on judged.fingerprint = defined.fingerprint
        left join trained
            on judged.service = trained.service and judged.model_version = trained.model_version and judged.view = trained.view
        qualify row_number() over (
            partition by judged.service, judged.model_version, judged.view, judged.version, judged.fingerprint
            order by case when trained.version = judged.version then 0 else 1 end, trained.recorded_at desc, trained.fingerprint
        ) = 1
    )

    select
        service,
        model_version,
        training_set,
        view,
        version,
        fingerprint,
        decisions,
        first_decided_at,
        last_decided_at,
        case when not_compared is null then is_known end as is_as_trained,
        not_compared,
        same_because,
        trained_version,
        trained_fingerprint,
        differs_in,
        owner,
        case
            when differs_in is not null
                then service || ' ' || model_version || ' was served ' || view || '@' || version || ' as ' || fingerprint || ' in ' || decisions
                    || ' decisions, and was trained on ' || training_set || ', which has ' || view || '@' || trained_version || ' as '
                    || trained_fingerprint || ': ' || case
                        when differs_in = 'version' then 'another version'
                        when differs_in = 'what it is built on' then 'what it is built on differs'
                        else 'its ' || differs_in || ' differ' || case when differs_in = 'SQL' then 's' else '' end
                    end || '.'
        end as finding,
        case when differs_in is not null then first_decided_at end as since,
        case
            when differs_in is not null
                then 'See what changed: `provender diff ' || view || '`. Train anew and name the training set of the new model version; or, where no value moved, say so in the'
                    || ' exposure: `same_as_trained: {' || fingerprint || ': why}`.'
        end as what_to_do
    from beside
{%- endmacro %}


{#- One row per service and model version that names its training set; `built_as` is what the log of training sets calls it. -#}
{% macro _training_set_rows() %}
    {%- set rows = [] -%}
    {%- for service in provender.feature_services() -%}
        {%- for model_version, name in provender._training_sets(graph.exposures[service.unique_id]).items() -%}
            {%- do rows.append({
                'service': service.service, 'owner': service.owner, 'model_version': model_version, 'training_set': name,
                'built_as': provender._baseline_node(name).alias,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {
        'service': 'varchar', 'owner': 'varchar', 'model_version': 'varchar', 'training_set': 'varchar', 'built_as': 'varchar',
    })) -}}
{% endmacro %}


{#- One row per definition that a service says is as good as what its models were trained on. -#}
{% macro _same_as_trained_rows() %}
    {%- set rows = [] -%}
    {%- for service in provender.feature_services() -%}
        {%- for fingerprint, reason in (provender._meta_mapping(graph.exposures[service.unique_id], 'feature_service').get('same_as_trained') or {}).items() -%}
            {%- do rows.append({'service': service.service, 'fingerprint': fingerprint, 'reason': reason}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'service': 'varchar', 'fingerprint': 'varchar', 'reason': 'varchar'})) -}}
{% endmacro %}
