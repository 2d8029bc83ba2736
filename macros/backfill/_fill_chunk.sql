{#- Computes one chunk; merges and logs it in one transaction; returns its number of rows. -#}
{% macro _fill_chunk(asked, chunk, definition) %}
    {%- set rows = provender._make_working('rows', provender._chunk_sql(asked, chunk, definition)) -%}
    {%- set count = provender._checked_count(asked, chunk, rows) -%}
    {%- call statement() -%}{{ provender._merge_sql(asked, chunk, rows) }}{%- endcall -%}
    {%- call statement() -%}{{ provender._log_sql(asked, chunk, rows) }}{%- endcall -%}
    {%- do adapter.commit() -%}
    {{- return(count) -}}
{% endmacro %}


{#- The definition over the entities live at each slot. -#}
{% macro _chunk_sql(asked, chunk, definition) -%}
    {%- set keys = asked.view['keys'] | map(attribute='name') | list -%}
    {%- set spine -%}
        select {% for key in keys %}lives.{{ key }}, {% endfor %}slots.as_of
        from {{ provender._working('lives') }} as lives
        inner join ({{ chunk.slots_sql }}) as slots
            on lives.live_from <= slots.as_of and lives.live_until > slots.as_of
    {%- endset -%}
    select {{ (keys + ['as_of'] + chunk.features) | join(', ') }}
    from {{ provender._filled(definition, spine) }} as computed
{%- endmacro %}


{#- How many rows a chunk has; raises what history refuses too. -#}
{% macro _checked_count(asked, chunk, rows) %}
    {%- set keys = asked.view['keys'] | map(attribute='name') | list -%}
    {%- set found = run_query(
        'select coalesce(sum(same), 0), count(*), coalesce(sum(same) filter (where ' ~ keys | join(' is null or ') ~ ' is null), 0),'
        ~ ' coalesce(sum(same) filter (where as_of is null or as_of not in (' ~ chunk.slots_sql ~ ')), 0)'
        ~ ' from (select ' ~ keys | join(', ') ~ ', as_of, count(*) as same from ' ~ rows ~ ' group by ' ~ keys | join(', ') ~ ', as_of) as counted'
    )[0] -%}
    {%- set errors = [] -%}
    {%- if found[0] != found[1] -%}
        {%- do errors.append((found[0] - found[1]) ~ ' rows with a key and as_of that another row has. A view has one row per spine row: look for a join that multiplies.') -%}
    {%- endif -%}
    {%- if found[2] -%}
        {%- do errors.append(found[2] ~ ' rows with a null key (' ~ keys | join(', ') ~ '). Let the entity model drop them.') -%}
    {%- endif -%}
    {%- if found[3] -%}
        {%- do errors.append(found[3] ~ ' rows of another as_of than they were asked for. Select spine.as_of.') -%}
    {%- endif -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error(
            'backfill of ' ~ asked.view.label ~ ' refused, what was filled before stays:\n- ' ~ errors | join('\n- ')
        ) -%}
    {%- endif -%}
    {{- return(found[0] | int) -}}
{% endmacro %}


{#- A slot that has rows already was filled for other features: theirs stay. -#}
{% macro _merge_sql(asked, chunk, rows) -%}
    {%- set keys = asked.view['keys'] | map(attribute='name') | list + ['as_of'] -%}
    {%- set columns = keys + chunk.features -%}
    merge into {{ provender._backfill_relation(asked.view) }} as kept
    using {{ rows }} as new
        on {% for key in keys %}kept.{{ key }} = new.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}

    when matched then update set {% for feature in chunk.features %}{{ feature }} = new.{{ feature }}{{ ', ' if not loop.last }}{% endfor %}

    when not matched then insert ({{ columns | join(', ') }}) values (new.{{ columns | join(', new.') }})
{%- endmacro %}


{#- One row per feature and slot, also for a slot at which nobody lived. -#}
{% macro _log_sql(asked, chunk, rows) -%}
    insert into {{ provender._log_relation('backfill_log') }}
    with counted as (
        select slots.as_of, count(rows.as_of) as row_count
        from ({{ chunk.slots_sql }}) as slots
        left join {{ rows }} as rows on slots.as_of = rows.as_of
        group by slots.as_of
    )

    {% for feature in chunk.features %}
    select
        {{ provender._text(asked.view.name) }}, {{ asked.view.version }}, {{ provender._text(feature) }}, as_of, {{ asked.step_seconds }},
        {{ provender._text(asked.fingerprint) }}, row_count, {{ provender._run_clock() }},
        {{ provender._text(invocation_id) }}, {{ provender._text(provender._git_commit()) }}
    from counted
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}
