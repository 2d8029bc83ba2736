{% macro decision_audit(decision_id) %}
    {%- set relations = {
        'decisions': ref('provender', 'decisions'), 'decision_views': ref('provender', 'decision_views'),
        'decision_features': ref('provender', 'decision_features'), 'witnesses': ref('provender', 'decision_witnesses'),
        'outcomes': ref('provender', 'decision_outcomes'), 'definitions': ref('provender', 'definitions'), 'runs': ref('provender', 'runs'),
    } -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- set histories = {} -%}
    {%- for node in provender._nodes('snapshot') -%}
        {%- do histories.update({node.alias: api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')}) -%}
    {%- endfor -%}
    {{- return('(' ~ provender._decision_audit_sql(decision_id, relations, histories) ~ ')') -}}
{% endmacro %}


{#- The audit as SQL: `relations` and `histories` (alias -> relation) say what is called how, here and in the published catalog. -#}
{% macro _decision_audit_sql(decision_id, relations, histories) %}
    {{- return(adapter.dispatch('_decision_audit_sql', 'provender')(decision_id, relations, histories, provender._logged_views())) -}}
{% endmacro %}


{% macro default___decision_audit_sql(decision_id, relations, histories, views) -%}
    {%- set known = [] -%}
    {%- for view in views if view.history in histories -%}{%- do known.append(view) -%}{%- endfor %}
    with asked as (
        select * from {{ relations.decision_views }}
        where decision_id = {{ decision_id }} and role = 'decides'
    ),
    {%- for view in known %}

    {{ provender._audited_view(view, histories[view.history], loop.index) }},
    {%- endfor %}

    history_cells as (
        {%- for view in known %}
        select view, version, cell.feature as feature, cell.in_history as in_history, cell.agrees as agrees from cells_{{ loop.index }}
        union all
        {%- endfor %}
        select
            cast(null as varchar) as view, cast(null as integer) as version, cast(null as varchar) as feature, cast(null as varchar) as in_history,
            cast(null as boolean) as agrees
        where false
    ),

    witnesses as (
        select * from {{ relations.witnesses }}
        where decision_id = {{ decision_id }}
    ),

    differing as (
        select view, version, unnest(differing) as found from witnesses
    )

    select
        served.decision_id,
        decisions.service,
        decisions.model_version,
        decisions.decided_at,
        decisions.request,
        decisions.decision,
        outcomes.outcome,
        served.name,
        served.status,
        served.is_default,
        served.value as served,
        history_cells.in_history,
        history_cells.agrees,
        case
            when differing.found is not null then differing.found.recomputed
            when witnesses.in_recomputation and served.status in ('ok', 'stale') then history_cells.in_history
        end as recomputed,
        case
            when witnesses.decision_id is null then 'not computed again yet: it is by the model decision_witnesses, of a sample where there are very many'
            when witnesses.in_history is null then witnesses.not_compared
            when witnesses.not_recomputed is not null then witnesses.not_recomputed
            when not witnesses.in_recomputation then 'as is known by now, the key did not live then'
        end as not_recomputed,
        served.age_seconds,
        served.as_of,
        served.view,
        served.version,
        served.is_cached,
        served.is_hashed,
        definitions.policies as policy,
        definitions.owner,
        served.fingerprint,
        runs.git_commit
    from {{ relations.decision_features }} as served
    inner join {{ relations.decisions }} as decisions
        on served.decision_id = decisions.decision_id
    left join history_cells
        on served.view = history_cells.view and served.version = history_cells.version and served.feature = history_cells.feature
    left join witnesses
        on served.view = witnesses.view and served.version = witnesses.version
    left join differing
        on served.view = differing.view and served.version = differing.version and served.feature = differing.found.feature
    left join {{ relations.definitions }} as definitions
        on served.fingerprint = definitions.fingerprint
    left join {{ relations.runs }} as runs
        on served.view = runs.view and served.version = runs.version and served.as_of = runs.as_of
    left join {{ relations.outcomes }} as outcomes
        on served.decision_id = outcomes.decision_id
    where
        served.decision_id = {{ decision_id }}
        and served.role = 'decides'
        and decisions.decision_id = {{ decision_id }}
    order by served.view, served.version, served.name
{%- endmacro %}


{#- What history has of one view of the decision: the row that was valid at the run it was served from. A published history has a row that was
    closed since twice; the closed one is the later truth. -#}
{% macro _audited_view(view, history, n) -%}
    asked_{{ n }} as (
        select
            *
            {%- for key in view['keys'] %},
            cast({{ provender._json_text('keys', key.name) }} as {{ key.type }}) as key_{{ loop.index }}
            {%- endfor %}
        from asked
        where view = '{{ view.view }}' and version = {{ view.version }}
    ),

    kept_{{ n }} as (
        select kept.*, asked.as_of as asked_as_of
        from {{ history }} as kept
        inner join asked_{{ n }} as asked
            on {% for key in view['keys'] %}kept.{{ key.name }} = asked.key_{{ loop.index }} and {% endfor %}kept.valid_from <= asked.as_of
        qualify row_number() over (partition by kept.scd_id order by kept.valid_to nulls last) = 1
    ),

    cells_{{ n }} as (
        select
            asked.view,
            asked.version,
            unnest([
                {%- for feature in view.features %}
                {{ provender._audited_feature(feature) }}{{ ',' if not loop.last }}
                {%- endfor %}
            ]) as cell
        from asked_{{ n }} as asked
        left join kept_{{ n }} as kept
            on kept.valid_to is null or kept.valid_to > asked.as_of
    )
{%- endmacro %}


{% macro _audited_feature(feature) -%}
    {%- set place = "list_position(asked.features, '" ~ feature.name ~ "')" -%}
    {%- set status = 'asked.statuses[' ~ place ~ ']' -%}
    {%- set kept = 'kept.' ~ feature.name -%}
    {
                    'feature': '{{ feature.name }}',
                    'in_history': {{ provender._to_json(kept, feature.type) }},
                    'agrees': case
                        when {{ status }} = 'missing' then kept.valid_from is null
                        when {{ status }} not in ('ok', 'stale') then null
                        when kept.valid_from is null then false
                        -- provender audit has the key that compares hashes
                        when asked.is_hashed then null
                        when asked.is_default[{{ place }}] then {{ kept }} is null
                        else {{ provender._from_json('asked."values"[' ~ place ~ ']', feature.type) }} is not distinct from cast({{ kept }} as {{ feature.type }})
                    end
                }
{%- endmacro %}


{#- The view versions that have history, as they were last defined: also those that the project no longer has. -#}
{% macro _logged_views() %}
    {%- set views = [] -%}
    {%- if load_relation(provender._log_relation('run_log')) -%}
        {%- for row in run_query(
            'select defined.unique_id, defined.view, defined.version, defined.keys, defined.features, logged.history from (select *, row_number() over '
            ~ '(partition by view, version order by recorded_at desc, fingerprint) as place from ' ~ provender._log_relation('definition_log')
            ~ ' where view is not null and features is not null) as defined inner join (select view, version, max(history) as history from '
            ~ provender._log_relation('run_log') ~ ' group by view, version) as logged on defined.view = logged.view and defined.version = logged.version'
            ~ ' where defined.place = 1 order by defined.view, defined.version'
        ) -%}
            {%- do views.append({
                'unique_id': row[0], 'view': row[1], 'version': row[2] | int, 'keys': fromjson(row[3]), 'features': fromjson(row[4]), 'history': row[5],
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(views) -}}
{% endmacro %}
