{#- One row for each feature of a decision, from a relation of its views: the model, and the published catalog. -#}
{% macro _decision_features_sql(decision_views) %}
    {{- return(adapter.dispatch('_decision_features_sql', 'provender')(decision_views)) -}}
{% endmacro %}


{% macro duckdb___decision_features_sql(decision_views) -%}
    select
        decision_id,
        decided_at,
        service,
        model_version,
        name,
        feature,
        view,
        version,
        fingerprint,
        generation,
        as_of,
        age_seconds,
        status,
        is_default,
        is_cached,
        role,
        is_hashed,
        data_type,
        value,
        case when not is_hashed and data_type not in ('varchar', 'boolean', 'date', 'timestamp') then try_cast(trim(value, '"') as double) end as value_number
    from (
        select
            * exclude (names, features, types, "values", statuses, is_default),
            unnest(names) as name,
            unnest(features) as feature,
            unnest(types) as data_type,
            unnest("values") as value,
            unnest(statuses) as status,
            unnest(is_default) as is_default
        from {{ decision_views }}
    ) as features
{%- endmacro %}
