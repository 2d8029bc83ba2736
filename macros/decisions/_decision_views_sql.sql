{#- One row for each view of a decision, from a relation of decisions: the model, and the published catalog. -#}
{% macro _decision_views_sql(decisions) %}
    {{- return(adapter.dispatch('_decision_views_sql', 'provender')(decisions)) -}}
{% endmacro %}


{% macro duckdb___decision_views_sql(decisions) -%}
    select
        decision_id,
        decided_at,
        read_at,
        service,
        model_version,
        landed_at,
        namespace,
        keys,
        served.view,
        served.version,
        served.fingerprint,
        served.generation,
        served.as_of,
        served.age_us / 1000000.0 as age_seconds,
        served.status,
        served.cached as is_cached,
        served.role,
        served.hashed as is_hashed,
        served.names,
        served.features,
        served.types,
        served."values",
        served.statuses,
        served.is_default
    from (
        select decision_id, decided_at, read_at, service, model_version, landed_at, namespace, keys, unnest(views) as served
        from {{ decisions }}
    ) as decisions
{%- endmacro %}
