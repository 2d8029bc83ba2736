{#- The run that was available then, and the state of the key at that run. -#}
{% macro _from_history(view) %}
    {%- set run, row = view.as ~ '_run', view.as ~ '_row' -%}
    {%- set has, is_good, value, absent = {}, {}, {}, {} -%}
    {%- for feature in view.asked -%}
        {%- set had = run ~ '.has_' ~ feature.name -%}
        {%- do has.update({feature.name: had}) -%}
        {%- do is_good.update({feature.name: had ~ ' and ' ~ row ~ '.as_of is not null and ' ~ view.t ~ ' <= ' ~ run ~ '.expires_at'}) -%}
        {%- do value.update({feature.name: provender._value_at(view, feature, run, row ~ '.' ~ feature.name)}) -%}
        {%- do absent.update({feature.name: provender._absent_at(view, feature, run)}) -%}
    {%- endfor -%}
    {{- return({
        'source': 'history', 'reaches': run ~ '.as_of is not null', 'as_of': run ~ '.as_of', 'age': view.t ~ ' - ' ~ run ~ '.as_of',
        'status': {
            run ~ '.as_of is not null and ' ~ row ~ '.as_of is null': "'missing'",
            view.t ~ ' > ' ~ run ~ '.expires_at': "'expired'",
            view.t ~ ' > ' ~ run ~ '.stale_at': "'stale'",
            run ~ '.as_of is not null': "'ok'",
        },
        'has': has, 'is_good': is_good, 'value': value, 'absent': absent, 'computed': has,
        'ctes': provender._runs_cte(view), 'joins': provender._history_joins(view, run, row),
    }) -}}
{% endmacro %}


{% macro _history_joins(view, run, row) -%}
    {{ provender._join_valid_at(view.as ~ '_runs', run, view.t) }}
        left join {{ view.relations.history }} as {{ row }}
            on {{ provender._on_keys(view, row) }} and {{ row }}.valid_from <= {{ run }}.as_of
            and ({{ row }}.valid_to is null or {{ row }}.valid_to > {{ run }}.as_of)
{%- endmacro %}


{#- A run whose history was cut keeps its interval, without an as_of: it cannot answer, and no other run may. -#}
{% macro _runs_cte(view) -%}
    {%- set is_then = view.policy == 'then' -%}
    {%- set ttl = 'policies.ttl' if is_then else provender._seconds(view.policies.ttl_seconds) -%}
    {%- set sla = 'policies.sla' if is_then else provender._seconds(view.policies.freshness_sla_seconds) -%}
    -- {{ view.label }}: the runs, each with the moment from which it was what readers got
        {{ view.as }}_runs as (
            select
                case when runs.columns is not null then runs.as_of end as as_of,
                case when runs.columns is not null then runs.as_of + {{ provender._lifetime(view, ttl) }} end as expires_at,
                case when runs.columns is not null then runs.as_of + {{ sla }} end as stale_at,
                {%- for feature in view.asked %}
                position('"{{ feature.name }}"' in runs.columns) > 0 as has_{{ feature.name }},
                {%- endfor %}
                {%- for feature in view.asked if is_then %}
                policies.absent_{{ feature.name }},
                policies.null_{{ feature.name }},
                {%- endfor %}
                runs.available_from,
                runs.available_until
            from {{ view.relations.runs }} as runs
            {%- if is_then %}
            left join {{ provender._recorded_policies(view) }} as policies on runs.fingerprint = policies.fingerprint
            {%- endif %}
            where
                runs.view = '{{ view.name }}' and runs.version = {{ view.version }}
                and runs.counted_by = case when runs.first_pushed_at <= (select known_until from horizon) then 'push' else 'run' end
        )
{%- endmacro %}
