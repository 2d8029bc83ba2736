{#- The latest slot filled for a feature that would have been readable then. One answer for each group of features that were filled at the
    same slots; none where nothing was filled. -#}
{% macro _from_backfill(view) %}
    {%- set answers = [] -%}
    {%- for features in provender._filled_groups(view) -%}
        {%- do answers.append(provender._from_slots(view, features, view.as ~ '_slot' ~ loop.index, view.as ~ '_filled' ~ loop.index)) -%}
    {%- endfor -%}
    {{- return(answers) -}}
{% endmacro %}


{% macro _from_slots(view, features, slot, row) %}
    {%- set is_filled = slot ~ '.as_of is not null' -%}
    {%- set has, is_good, value, absent = {}, {}, {}, {} -%}
    {%- for feature in features -%}
        {%- do has.update({feature.name: is_filled}) -%}
        {%- do is_good.update({feature.name: row ~ '.as_of is not null and ' ~ view.t ~ ' <= ' ~ slot ~ '.expires_at'}) -%}
        {%- do value.update({feature.name: provender._computed_value(feature, row ~ '.' ~ feature.name)}) -%}
        {%- do absent.update({feature.name: provender._absent(view, feature)}) -%}
    {%- endfor -%}
    {{- return({
        'source': 'backfill', 'reaches': is_filled, 'as_of': slot ~ '.as_of', 'age': view.t ~ ' - ' ~ slot ~ '.as_of',
        'status': {
            is_filled ~ ' and ' ~ row ~ '.as_of is null': "'missing'",
            view.t ~ ' > ' ~ slot ~ '.expires_at': "'expired'",
            is_filled: "'backfilled'",
        },
        'has': has, 'is_good': is_good, 'value': value, 'absent': absent, 'computed': has,
        'ctes': provender._slots_cte(view, features[0], slot),
        'joins': provender._join_valid_at(slot ~ 's', slot, view.t) ~ '\n        left join ' ~ provender._backfill_relation(view) ~ ' as ' ~ row
            ~ '\n            on ' ~ provender._on_keys(view, row) ~ ' and ' ~ row ~ '.as_of = ' ~ slot ~ '.as_of',
    }) -}}
{% endmacro %}


{#- A slot is readable its lag after its as_of, and lives until the next could be there: max(ttl, step) + lag. -#}
{% macro _slots_cte(view, feature, slot) -%}
    {%- set lag = provender._seconds(view.policies.lag_seconds) -%}
    {%- set lifetime = 'greatest(' ~ provender._seconds(view.policies.ttl_seconds) ~ ', ' ~ provender._interval('step_seconds', 'second') ~ ') + ' ~ lag -%}
    -- {{ view.label }}: the slots that were filled, each with the moment from which it would have been readable
        {{ slot }}s as (
            select
                as_of,
                as_of + {{ provender._lifetime(view, lifetime) }} as expires_at,
                as_of + {{ lag }} as available_from,
                lead(as_of) over (order by as_of) + {{ lag }} as available_until
            from {{ provender._log_relation('backfill_log') }}
            where view = '{{ view.name }}' and version = {{ view.version }} and feature = '{{ feature.name }}'
        )
{%- endmacro %}


{#- The asked features that were filled, together those with the same slots. -#}
{% macro _filled_groups(view) %}
    {%- set groups = {} -%}
    {%- if load_relation(provender._log_relation('backfill_log')) and load_relation(provender._backfill_relation(view)) -%}
        {%- for feature, slots in run_query(
            "select feature, md5(string_agg(as_of || '/' || step_seconds, ',' order by as_of)) from " ~ provender._log_relation('backfill_log')
            ~ " where view = '" ~ view.name ~ "' and version = " ~ view.version ~ ' group by feature order by feature'
        ) -%}
            {%- for known in view.asked if known.name == feature -%}
                {%- do groups.setdefault(slots, []).append(known) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(groups.values() | list) -}}
{% endmacro %}


{% macro _backfill_relation(view) %}
    {%- set node = graph.nodes[view.unique_id] -%}
    {{- return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias ~ '_backfill', type='table')) -}}
{% endmacro %}
