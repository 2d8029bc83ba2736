{{ config(materialized='view') }}

with final as (

    {% for monitor in provender._monitors() %}
    {{ provender._alerts_of(monitor, ref('provender', monitor)) }}
    union all
    {% endfor %}
    {{ provender._late_data_alerts() }}

)

select * from final
