{#- What a training set was built from and holds, written in the transaction that builds it: statements to follow the model's, none for a
    model that joins no features. -#}
{% macro _training_log_rows(compiled, fingerprint) %}
    {%- set statements = [''] -%}
    {%- for call in provender._training_calls(compiled) -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
        {%- do statements.append(provender._training_log_row(call, columns, fingerprint)) -%}
        {%- for view in call.views if view.as ~ '__status' in columns -%}
            {%- do statements.append(provender._training_run_rows(call, view, columns)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(statements | join(';\n')) -}}
{% endmacro %}


{% macro _training_log_row(call, columns, fingerprint) -%}
    insert into {{ provender._log_relation('training_log') }}
    select
        {{ provender._text(this.identifier) }}, {{ provender.as_of() }},
        {{ provender._landed_until('push_log') }}, {{ provender._landed_until('decision_log') }},
        {{ provender._text(tojson(call, sort_keys=True)) }}, (select count(*) from {{ this }}), {{ provender._text(call.spine) }},
        {{ provender._content_hash(this, provender._spine_columns(call, columns)) }}, {{ provender._content_hash(this, columns) }},
        {{ provender._text(fingerprint) }}, {{ provender._later(provender._log_relation('training_log'), 'built_at', 'training_set = ' ~ provender._text(this.identifier)) }},
        {{ provender._text(invocation_id) }}, {{ provender._text(provender._git_commit()) }}
{%- endmacro %}


{#- How many rows it has of each run, by what they say; a recomputed value comes from no run. -#}
{% macro _training_run_rows(call, view, columns) -%}
    {%- set source = view.as ~ '__source' if view.as ~ '__source' in columns else provender._text(call.source[0]) -%}
    insert into {{ provender._log_relation('training_run_log') }}
    select
        {{ provender._text(this.identifier) }}, {{ provender._text(invocation_id) }}, {{ provender._text(view.view) }}, {{ view.version }},
        case when {{ source }} is distinct from 'recompute' then {{ view.as }}__as_of end, {{ source }}, {{ view.as }}__status, count(*)
    from {{ this }}
    group by all
{%- endmacro %}


{#- The columns of a training set that came from its spine: all but the features and what is said of the views. -#}
{% macro _spine_columns(call, columns) %}
    {%- set own = [] -%}
    {%- for view in call.views -%}
        {%- do own.extend(view.columns.values()) -%}
        {%- for said in ['as_of', 'age', 'status', 'not_computed', 'source'] -%}{%- do own.append(view.as ~ '__' ~ said) -%}{%- endfor -%}
    {%- endfor -%}
    {{- return(columns | reject('in', own) | list) -}}
{% endmacro %}


{% macro _landed_until(log) -%}
    (select max(landed_until) from {{ provender._log_relation('landed') }} where log = '{{ log }}' and namespace = '{{ provender._namespace() }}')
{%- endmacro %}


{#- A hash of rows as a multiset: of their order it says nothing, of a repeated row it does. -#}
{% macro _content_hash(relation, columns) %}
    {{- return(adapter.dispatch('_content_hash', 'provender')(relation, columns)) -}}
{% endmacro %}


{#- Each value with its length, so that no two rows have one text; sums of both halves of the rows' hashes cannot overflow. -#}
{% macro duckdb___content_hash(relation, columns) -%}
    (
            select md5(concat_ws(' ', count(*), sum(md5_number_lower(content)), sum(md5_number_upper(content))))
            from (
                select concat(
                    {%- for column in columns %}
                    coalesce(length(cast("{{ column }}" as varchar)) || ':' || cast("{{ column }}" as varchar), '-'){{ ',' if not loop.last }}
                    {%- endfor %}
                ) as content
                from {{ relation }}
            ) as rows
        )
{%- endmacro %}
