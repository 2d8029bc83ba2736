{% macro backfill(view, start=none, end=none, step=none, version=none, features=none, dry_run=false) %}
    {%- if execute -%}
        {#- `dbt run-operation` does not run on-run-start. -#}
        {%- do provender._use_utc() -%}
        {%- do provender.check_contracts() -%}
        {%- set asked = provender._backfill_request(view, version, start, end, step, features) -%}
        {%- do provender._refuse_backfill(asked) -%}
        {%- do provender._create_log_tables() -%}
        {%- do adapter.dispatch('backfill', 'provender')(asked, dry_run) -%}
    {%- endif -%}
{% endmacro %}


{% macro default__backfill(asked, dry_run) %}
    {%- set to_fill = provender._find_slots(asked) -%}
    {%- if to_fill and not dry_run -%}
        {%- set chunks = provender._plan_chunks(asked) -%}
        {%- set definition = provender._backfill_definition(asked, chunks) -%}
        {%- do provender._make_backfill_table(asked) -%}
        {%- set done = namespace(slots=0, rows=0) -%}
        {%- for chunk in chunks -%}
            {%- set done.rows = done.rows + provender._fill_chunk(asked, chunk, definition) -%}
            {%- set done.slots = done.slots + chunk.slots -%}
            {#- scripts/backfill.py reads this line. -#}
            {%- do log(
                'backfill ' ~ asked.view.label ~ ': ' ~ done.slots ~ ' of ' ~ to_fill ~ ' slots filled, ' ~ done.rows ~ ' rows', info=true
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{#- Working tables of one backfill, gone with its session: `slots`, what was asked for; `lives`, the entity; `parts`, the slots to fill by chunk;
    `rows`, the chunk at work; `read_1` and so on, what the definition reads. -#}
{% macro _working(name) %}{{ return('provender_backfill_' ~ name) }}{% endmacro %}


{% macro _make_working(name, sql) %}
    {%- do run_query('drop table if exists ' ~ provender._working(name)) -%}
    {%- do run_query('create temporary table ' ~ provender._working(name) ~ ' as ' ~ sql) -%}
    {{- return(provender._working(name)) -}}
{% endmacro %}
