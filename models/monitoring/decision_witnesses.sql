{{ config(materialized='incremental', incremental_strategy='append', post_hook='{{ provender._forget_decisions() }}', tags=['monitor']) }}

{%- set candidates -%}
    select logged.*
    from {{ ref('decision_views') }} as logged
    where
        logged.status in ('ok', 'stale', 'missing')
        and logged.namespace = {{ provender._text(provender._namespace()) }}
        and logged.landed_at <= {{ provender.as_of() }}
        and logged.landed_at > {{ provender.as_of() }} - {{ provender.duration(provender._window_setting('skew', 'window')) }}
        {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as known
            where known.decision_id = logged.decision_id and known.view = logged.view and known.version = logged.version
        )
        {%- endif %}
{%- endset %}

with final as (

    {{ provender._decision_witnesses_sql(provender._sampled_decisions(candidates)) }}

)

select * from final
