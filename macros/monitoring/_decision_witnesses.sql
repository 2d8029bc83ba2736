{#- Three witnesses of each view of a decision: what was served (the log), what history holds of the run it was served from, and what that run's
    definition computes of the events, as of the run. One CTE chain for each definition that the runs were made by. -#}
{% macro _decision_witnesses_sql() %}
    {%- set candidates = provender._sampled_decisions(provender._witness_candidates()) -%}
    {{- return(adapter.dispatch('_decision_witnesses_sql', 'provender')(
        candidates, provender._witness_definitions(candidates)
    )) -}}
{% endmacro %}


{% macro default___decision_witnesses_sql(candidates, definitions) -%}
    {%- set compared = definitions | selectattr('view') | selectattr('features') | list -%}
    with candidates as (
        select * from ({{ candidates }}) as logged
    ),

    runs as (
        select
            runs.*,
            exists (
                select 1 from {{ provender._log_relation('cut_log') }} as cuts
                where cuts.view = runs.view and cuts.version = runs.version and cuts.kept_from > runs.as_of
            ) as is_cut
        from {{ provender._log_relation('run_log') }} as runs
    ),
    {%- for one in compared %}

    {{ provender._witnesses_of(one) }},
    {%- endfor %}

    witnesses as (
        {%- for one in compared %}
        select * from compared_{{ one.number }}
        union all
        {%- endfor %}
        {{ provender._not_witnessed(compared) }}
    )

    select
        decision_id,
        decided_at,
        read_at,
        service,
        view,
        version,
        as_of,
        generation,
        fingerprint,
        status,
        names,
        features,
        not_compared,
        not_recomputed,
        in_history,
        in_recomputation,
        differing,
        {{ provender.as_of() }} as compared_at
    from witnesses
{%- endmacro %}


{#- What was served of our views and is in the window, but for what an earlier run compared. -#}
{% macro _witness_candidates() -%}
    select logged.*
    from {{ ref('provender', 'decision_views') }} as logged
    where
        logged.status in ('ok', 'stale', 'missing')
        and logged.namespace = {{ provender._text(provender._namespace()) }}
        and logged.landed_at <= {{ provender.as_of() }}
        and logged.landed_at > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('skew', 'window')) }}
        {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as known
            where known.decision_id = logged.decision_id and known.view = logged.view and known.version = logged.version
        )
        {%- endif %}
{%- endmacro %}


{#- Those of a sample of the keys, when there are very many. -#}
{% macro _sampled_decisions(candidates) -%}
    {%- set share = provender._window_share('skew', 'select count(*) from (' ~ candidates ~ ') as logged')
        if execute and load_relation(ref('provender', 'decision_views')) else 1 -%}
    select * from ({{ candidates }}) as logged
    where {{ provender._in_sample(['keys'], share) }}
{%- endmacro %}


{#- The definitions of the runs that were served; none while there is no log to read. -#}
{% macro _witness_definitions(candidates) %}
    {%- if not execute or not load_relation(ref('provender', 'decision_views')) -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return(provender._past_definitions(
        'select * from ' ~ provender._log_relation('run_log') ~ ' as runs where exists (select 1 from (' ~ candidates ~ ') as served'
        ~ ' where served.view = runs.view and served.version = runs.version and served.as_of = runs.as_of)'
    )) -}}
{% endmacro %}


{% macro _witnesses_of(one) -%}
    {%- set n, keys = one.number, one.view['keys'] | map(attribute='name') | list -%}
    -- {{ one.view.label }} as {{ one.fingerprint }} defines it
    served_{{ n }} as (
        select
            candidates.*,
            {%- for key in one.view['keys'] %}
            cast({{ provender._json_text('candidates.keys', key.name) }} as {{ key.type }}) as key_{{ loop.index }},
            {%- endfor %}
            {%- for feature in one.features %}
            list_position(candidates.features, '{{ feature.name }}') as at_{{ loop.index }},
            {%- endfor %}
            runs.fingerprint as run_fingerprint
        from candidates
        inner join runs
            on candidates.view = runs.view and candidates.version = runs.version and candidates.as_of = runs.as_of
        where
            candidates.view = '{{ one.view.name }}' and candidates.version = {{ one.view.version }}
            and runs.fingerprint = '{{ one.fingerprint }}' and not runs.is_cut
    ),

    {% if not one.why -%}
    live_{{ n }} as (
        select distinct {% for key in keys %}served.key_{{ loop.index }} as {{ key }}, {% endfor %}served.as_of
        from served_{{ n }} as served
        inner join {{ provender._entity_relation(one.view.entity) }} as life
            on
                {% for key in keys %}served.key_{{ loop.index }} = life.{{ key }} and {% endfor %}life.live_from <= served.as_of
                and (life.live_until is null or life.live_until > served.as_of)
    ),

    recomputed_{{ n }} as (
        select * from {{ provender._filled(provender._stored_definition(one.view, fingerprint=one.fingerprint), 'select * from live_' ~ n) }} as filled
    ),

    {% endif -%}
    beside_{{ n }} as (
        select
            served.*,
            kept.valid_from is not null as in_history,
            {{ 'null' if one.why else 'today.as_of is not null' }} as in_recomputation
            {%- for feature in one.features %},
            {%- set i = loop.index %}
            case when not served.is_hashed and served.statuses[at_{{ i }}] in ('ok', 'stale') then {{ provender._from_json('served."values"[at_' ~ i ~ ']', feature.type) }} end as served_{{ i }},
            coalesce(served.statuses[at_{{ i }}] in ('ok', 'stale'), false) as is_served_{{ i }},
            {{ provender._as_served(feature, 'kept.' ~ feature.name) }} as kept_{{ i }},
            {{ 'null' if one.why else provender._as_served(feature, 'today.' ~ feature.name) }} as today_{{ i }}
            {%- endfor %}
        from served_{{ n }} as served
        left join {{ provender._history_relation(one.view) }} as kept
            on
                {% for key in keys %}served.key_{{ loop.index }} = kept.{{ key }} and {% endfor %}kept.valid_from <= served.as_of
                and (kept.valid_to is null or kept.valid_to > served.as_of)
        {%- if not one.why %}
        left join recomputed_{{ n }} as today
            on {% for key in keys %}served.key_{{ loop.index }} = today.{{ key }} and {% endfor %}served.as_of = today.as_of
        {%- endif %}
    ),

    compared_{{ n }} as (
        select
            decision_id, decided_at, read_at, service, view, version, as_of, generation, run_fingerprint as fingerprint, status, names, features,
            case when is_hashed then 'logged as keyed hashes' end as not_compared,
            {{ provender._text(one.why or none) }} as not_recomputed,
            in_history,
            cast(in_recomputation as boolean) as in_recomputation,
            list_filter(
                cast([
                    {%- for feature in one.features %}
                    {{ provender._differing_feature(one, feature, loop.index) }}{{ ',' if not loop.last }}
                    {%- endfor %}
                ] as {{ provender._differing_type() }}),
                lambda each: each is not null
            ) as differing
        from beside_{{ n }}
    )
{%- endmacro %}


{#- One feature of a decision, where its witnesses are of more than one mind; null where they agree. -#}
{% macro _differing_feature(one, feature, i) -%}
    {%- set declared = one.view.features | selectattr('name', 'equalto', feature.name) | first -%}
    {%- set tolerance = declared.tolerance if declared else none -%}
    {%- set online = 'not is_hashed and in_history and ' ~ provender._differ('served_' ~ i, 'kept_' ~ i, feature.type, tolerance) -%}
    {%- set recomputed = 'false' if one.why else 'in_history and in_recomputation and ' ~ provender._differ('kept_' ~ i, 'today_' ~ i, feature.type, tolerance) -%}
    {%- set is_number = provender._type_class(feature.type) in ['integer', 'double', 'decimal'] -%}
    case when is_served_{{ i }} and (({{ online }}) or ({{ recomputed }})) then {
                            'feature': '{{ feature.name }}',
                            'name': names[at_{{ i }}],
                            'served': {{ provender._to_json('served_' ~ i, feature.type) }},
                            'in_history': {{ provender._to_json('kept_' ~ i, feature.type) }},
                            'recomputed': {{ 'null' if one.why else 'case when in_recomputation then ' ~ provender._to_json('today_' ~ i, feature.type) ~ ' end' }},
                            'is_online_wrong': {{ online }},
                            'is_history_wrong': {{ recomputed }},
                            'difference': {% if is_number %}case when {{ online }} then abs(cast(served_{{ i }} as double) - cast(kept_{{ i }} as double)) else abs(cast(kept_{{ i }} as double) - cast(today_{{ i }} as double)) end{% else %}null{% endif %}
                        } end
{%- endmacro %}


{% macro _differing_type() -%}
    struct(feature varchar, name varchar, served varchar, in_history varchar, recomputed varchar, is_online_wrong boolean, is_history_wrong boolean, difference double)[]
{%- endmacro %}


{#- A value of history as the reader gives it: null is the default where the feature says so. -#}
{% macro _as_served(feature, value) -%}
    cast({{ provender._computed_value(feature, value) }} as {{ feature.type }})
{%- endmacro %}


{#- What nothing could be set beside: there is no such run, its history was cut, or its definition is not known any more. -#}
{% macro _not_witnessed(compared) -%}
    select
            candidates.decision_id, candidates.decided_at, candidates.read_at, candidates.service, candidates.view, candidates.version,
            candidates.as_of, candidates.generation, runs.fingerprint, candidates.status, candidates.names, candidates.features,
            case
                when runs.as_of is null then 'no run was as of that moment'
                when runs.is_cut then 'history was cut since'
                else 'the view or its definition is not known any more'
            end as not_compared,
            cast(null as varchar) as not_recomputed, cast(null as boolean) as in_history, cast(null as boolean) as in_recomputation,
            cast([] as {{ provender._differing_type() }}) as differing
        from candidates
        left join runs
            on candidates.view = runs.view and candidates.version = runs.version and candidates.as_of = runs.as_of
        where
            runs.as_of is null or runs.is_cut
            {%- if compared %}
            or not (
                {%- for one in compared %}
                (runs.view = '{{ one.view.name }}' and runs.version = {{ one.view.version }} and runs.fingerprint = '{{ one.fingerprint }}'){{ ' or' if not loop.last }}
                {%- endfor %}
            )
            {%- else %}
            or true
            {%- endif %}
{%- endmacro %}
