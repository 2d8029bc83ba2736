{% macro decisions_spine(service, view=none) %}
    {%- set decisions = ref('provender', 'decisions') -%}
    {%- set served = ref('provender', 'decision_features') -%}
    {%- if not execute -%}
        {{- return('(select 1)') -}}
    {%- endif -%}
    {%- set known = provender.feature_services() | selectattr('service', 'equalto', service) | list -%}
    {%- if not known -%}
        {%- do exceptions.raise_compiler_error(
            "decisions_spine: unknown service '" ~ service ~ "'. The services are: "
            ~ provender.feature_services() | map(attribute='service') | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {%- set view = provender._labelled_view(view) if view else none -%}
    {{- return(adapter.dispatch('decisions_spine', 'provender')(
        service, view, view['keys'] if view else known[0]['keys'], decisions, served
    )) -}}
{% endmacro %}


{% macro default__decisions_spine(service, view, keys, decisions, served) -%}
    (
        select
            decisions.decision_id,
            {%- for key in keys %}
            cast({{ provender._json_text('decisions.keys', key.name) }} as {{ key.type }}) as {{ key.name }},
            {%- endfor %}
            decisions.model_version,
            decisions.decided_at,
            {{ 'served.as_of' if view else 'decisions.read_at' }} as as_of
        from {{ decisions }} as decisions
        {%- if view %}
        -- the moment the values spoke of; a decision that got none of this view has no such moment
        inner join (
            select decision_id, max(as_of) as as_of
            from {{ served }}
            where view = '{{ view.name }}' and version = {{ view.version }} and as_of is not null
            group by decision_id
        ) as served
            on decisions.decision_id = served.decision_id
        {%- endif %}
        where decisions.service = '{{ service }}' and decisions.landed_at <= {{ provender.as_of() }}
    )
{%- endmacro %}
