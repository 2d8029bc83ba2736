{#- One row per waiver of a view, as declared now; a finding in its last fortnight, and once it ended. -#}
{% macro _waiver_rows() -%}
    {%- set rows = [] -%}
    {%- for view in provender.feature_views() -%}
        {%- for waiver in provender._waivers(provender.feature_view_config(graph.nodes[view.unique_id])) -%}
            {%- do rows.append({
                'view': view.name, 'version': view.version, 'use': waiver.use, 'until_day': waiver.until | string, 'reason': waiver.reason,
                'owner': view.owner,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    with declared as (
        {{ provender._rows(rows, {
            'view': 'varchar', 'version': 'integer', 'use': 'varchar', 'until_day': 'date', 'reason': 'varchar', 'owner': 'varchar',
        }) }}
    ),

    ending as (
        select
            *,
            -- its last day counts whole
            cast(until_day as timestamp) + {{ provender.duration('1d') }} as ends_at
        from declared
    )

    select
        view,
        version,
        use,
        until_day,
        reason,
        owner,
        case
            when ends_at <= {{ provender.as_of() }} then 'The waiver to ' || use || ' its values ended with ' || until_day || '.'
            when ends_at - {{ provender.duration('14d') }} <= {{ provender.as_of() }}
                then 'The waiver to ' || use || ' its values ends with ' || until_day || '.'
        end as finding,
        case
            when ends_at <= {{ provender.as_of() }} then ends_at
            when ends_at - {{ provender.duration('14d') }} <= {{ provender.as_of() }} then ends_at - {{ provender.duration('14d') }}
        end as since,
        case
            when ends_at - {{ provender.duration('14d') }} <= {{ provender.as_of() }}
                then 'Ask whoever allowed it: write a later `until`, or remove the waiver'
                    || case when use = 'push' then ' and take the view offline by `provender retire`.' else '.' end
        end as what_to_do
    from ending
{%- endmacro %}
