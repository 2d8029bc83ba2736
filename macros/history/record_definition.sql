{% macro record_definition() %}
    {%- if not execute or not model.get('compiled_code') or model.language != 'sql' -%}
        {{- return('') -}}
    {%- endif -%}
    {%- if provender._sees_part() -%}
        {{- return(provender._definition_log_row(provender._partial())) -}}
    {%- endif -%}
    {%- set sql = provender._definition_sql(model) -%}
    {%- do provender._refuse_clocks(model, sql) -%}
    {#- a training set may name the as_of of its run; that makes no other definition -#}
    {%- set sql = sql.replace(provender._as_of_text(), '__provender_as_of__') -%}
    {%- set views = provender.feature_views(model.unique_id) -%}
    {%- set view = views[0] if views else none -%}
    {%- set fingerprint = provender._fingerprint(sql, view) -%}
    {{- return(provender._definition_log_row(fingerprint, sql, view) ~ provender._training_log_rows(model.compiled_code, fingerprint)) -}}
{% endmacro %}


{#- The compiled SQL with the hole, relations as dbt unique ids. Of all ancestors: features_of nests what another view reads. -#}
{% macro _definition_sql(node) %}
    {%- set ns = namespace(sql=provender._cut_spines(node.compiled_code) | trim) -%}
    {#- where a seed stands in for a source they have one relation, and the source is meant: it comes first -#}
    {%- for id in provender._ancestors([node.unique_id]) | reverse -%}
        {%- set relation = provender._rendered_relation(id) -%}
        {%- if relation -%}
            {%- set ns.sql = ns.sql.replace(relation, '"' ~ id ~ '"') -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(ns.sql) -}}
{% endmacro %}


{#- A node of the graph as it stands in compiled SQL (an external source is a function call there); none for an ephemeral model. -#}
{% macro _rendered_relation(unique_id) %}
    {%- if unique_id in graph.sources -%}
        {%- set node = graph.sources[unique_id] -%}
        {{- return(source(node.source_name, node.name) | string) -}}
    {%- endif -%}
    {{- return(graph.nodes[unique_id].relation_name) -}}
{% endmacro %}


{#- What the contract check cannot see in raw code: a clock that came in through a macro or a var. -#}
{% macro _refuse_clocks(node, sql) %}
    {%- set clocks = provender._wall_clocks(sql) -%}
    {%- if provender._as_of_text() in sql -%}
        {%- do clocks.append("the run's as_of, " ~ provender._as_of_text()) -%}
    {%- endif -%}
    {%- if clocks and node.unique_id in provender._feature_lineage() -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ': reads a clock (' ~ clocks | join(', ') ~ ') and is, or feeds, a feature view. Use spine.as_of:'
            ~ ' the same SQL must answer for every moment.'
        ) -%}
    {%- endif -%}
{% endmacro %}


{#- Of the definition, the contract and policies, and the fingerprints of what it is built on, up to the sources. -#}
{% macro _fingerprint(sql, view) %}
    {%- set contract = tojson([view['keys'], view['features'], view['policies']], sort_keys=True) if view else '' -%}
    {%- set parents = provender._parent_fingerprints(model) -%}
    {{- return(local_md5([sql, contract, tojson(parents, sort_keys=True)] | join('\x1f'))) -}}
{% endmacro %}


{#- Stands for the fingerprint of a model that holds only part of its rows: built with --empty or --sample. -#}
{% macro _partial() %}{{ return('partial') }}{% endmacro %}


{#- An insert, unless it would repeat the last row of the model. A row is later than the one before, also when the clock stands still. -#}
{% macro _definition_log_row(fingerprint, sql=none, view=none) %}
    {%- set log = provender._log_relation('definition_log') -%}
    {%- set own = 'unique_id = ' ~ provender._text(model.unique_id) -%}
    insert into {{ log }}
    select
        {{ provender._text(model.unique_id) }}, {{ provender._text(fingerprint) }}, {{ provender._text(sql) }},
        {% if view %}
        {{ provender._text(view.name) }}, {{ view.version }}, {{ provender._text(view.entity) }},
        {{ provender._text(tojson(view['keys'])) }}, {{ provender._text(tojson(view['features'])) }},
        {{ provender._text(tojson(view['policies'])) }}, {{ provender._text(view.owner) }},
        {% else %}
        null, null, null, null, null, null, null,
        {% endif %}
        {{ provender._later(log, 'recorded_at', own) }}, {{ provender._text(invocation_id) }}, {{ provender._text(provender._git_commit()) }}
    where {{ provender._text(fingerprint) }} is distinct from (
        select fingerprint from {{ log }}
        where {{ own }}
        order by recorded_at desc, fingerprint
        limit 1
    )
{% endmacro %}
