{#- Slots that lack the same features and together make about as many rows as a chunk may have, the earliest first. -#}
{% macro _plan_chunks(asked) %}
    {%- do provender._make_working('lives', provender._lives_sql(asked)) -%}
    {%- set parts = provender._make_working('parts', provender._parts_sql(asked)) -%}
    {%- set chunks = [] -%}
    {%- for filled, part, slots in run_query(
        'select filled, part, count(*) from ' ~ parts ~ ' group by filled, part order by min(as_of)'
    ) -%}
        {%- set features = [] -%}
        {%- for feature in asked.features -%}
            {%- if filled[loop.index0] == '0' -%}{%- do features.append(feature) -%}{%- endif -%}
        {%- endfor -%}
        {%- do chunks.append({
            'features': features, 'slots': slots | int,
            'slots_sql': 'select as_of from ' ~ parts ~ " where filled = '" ~ filled ~ "' and part = " ~ part,
        }) -%}
    {%- endfor -%}
    {{- return(chunks) -}}
{% endmacro %}


{#- The intervals of life that touch the range. One without an end ends with the range here: it can be joined by both its ends. -#}
{% macro _lives_sql(asked) -%}
    {%- set end = "cast('" ~ asked.end ~ "' as timestamp)" -%}
    select {{ asked.view['keys'] | map(attribute='name') | join(', ') }}, live_from, coalesce(live_until, {{ end }}) as live_until
    from {{ provender._entity_relation(asked.view.entity) }}
    where
        live_from < {{ end }}
        and (live_until is null or (live_until > cast('{{ asked.start }}' as timestamp) and live_until > live_from))
{%- endmacro %}


{#- Who lives at a slot is counted by births and deaths until then. A part ends where it has as many as a chunk may. -#}
{% macro _parts_sql(asked) -%}
    with changes as (
        select live_from as moment, 1 as change from {{ provender._working('lives') }}
        union all
        select live_until as moment, -1 as change from {{ provender._working('lives') }}
    ),

    timeline as (
        select moment, change, null as filled from changes
        union all
        select as_of as moment, 0 as change, filled from {{ provender._working('slots') }}
    ),

    counted as (
        select moment as as_of, filled, sum(change) over (order by moment) as live
        from timeline
    ),

    -- the slots with so many rows before them among those that lack the same
    placed as (
        select
            as_of,
            filled,
            coalesce(sum(live) over (partition by filled order by as_of rows between unbounded preceding and 1 preceding), 0) as before
        from counted
        where filled <> '{{ provender._all_filled(asked) }}'
    )

    select as_of, filled, cast(floor(before / {{ provender._setting('backfill_chunk_rows', 1000000) }}) as bigint) as part
    from placed
{%- endmacro %}


{#- The stored definition. What it reads through views is computed once for all chunks: versions of events are costly to tell apart. -#}
{% macro _backfill_definition(asked, chunks) %}
    {%- set relations = {} -%}
    {%- for id in provender._read_in(asked.view) if chunks | length > 1 and graph.nodes[id].config.materialized == 'view' -%}
        {%- do relations.update({id: provender._make_working('read_' ~ loop.index, 'select * from ' ~ provender._rendered_relation(id))}) -%}
    {%- endfor -%}
    {{- return(provender._stored_definition(asked.view, relations)) -}}
{% endmacro %}


{#- The models and snapshots that the stored definition names. -#}
{% macro _read_in(view) %}
    {{- return(
        modules.re.findall('"((?:model|snapshot)\\.[^"]+)"', provender._last_definition(view.unique_id, 'definition_sql'))
        | select('in', graph.nodes) | unique | list
    ) -}}
{% endmacro %}
