{% test absent_share(model, views=none, max_missing=none, max_not_computed=none, max_expired=none, max_backfilled=none) %}
    {%- if provender._is_testable() -%}
        {%- set limits = {'missing': max_missing, 'not_computed': max_not_computed, 'expired': max_expired, 'backfilled': max_backfilled} -%}
        {%- set named = provender._views_with_status(model) -%}
        {%- set asked = [] -%}
        {%- for label in views or [] -%}
            {%- do asked.append(provender._alias(provender._labelled_view(label))) -%}
        {%- endfor -%}
        {%- do provender._refuse_shares(model, limits, named, asked) -%}
        {{- adapter.dispatch('absent_share', 'provender')(model, asked or named, limits) -}}
    {%- endif -%}
{% endtest %}


{% macro default__absent_share(model, views, limits) -%}
    with training as (

        select * from {{ model }}

    ),

    shares as (

        {%- for view in views %}
        {%- set outer = loop %}
        {%- for status, limit in limits.items() if limit is not none %}
        select
            '{{ view }}' as view,
            '{{ status }}' as status,
            count(*) as row_count,
            -- a feature that is younger than the value of the others is not computed, too
            avg(case when {{ view }}__status = '{{ status }}'{{ ' or ' ~ view ~ '__not_computed is not null' if status == 'not_computed' }} then 1.0 else 0.0 end) as share,
            cast({{ limit }} as double) as max_share
        from training
        {{ 'union all' if not (outer.last and loop.last) }}
        {%- endfor %}
        {%- endfor %}

    ),

    final as (

        select * from shares
        where share > max_share

    )

    select * from final
{%- endmacro %}


{% macro _views_with_status(model) %}
    {%- set named = [] -%}
    {%- for column in provender._names_of_columns(model) if column.endswith('__status') -%}
        {%- do named.append(column[:-8]) -%}
    {%- endfor -%}
    {{- return(named) -}}
{% endmacro %}


{% macro _refuse_shares(model, limits, named, asked) %}
    {%- set errors = [] -%}
    {%- set given = [] -%}
    {%- for status, limit in limits.items() if limit is not none -%}
        {%- do given.append(status) -%}
        {%- if limit is not number or limit is boolean or not 0 <= limit <= 1 -%}
            {%- do errors.append('max_' ~ status ~ ': a share from 0 to 1, got ' ~ provender._shown(limit)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not given -%}
        {%- do errors.append('it declares no share. Give one of max_' ~ limits.keys() | join(', max_')) -%}
    {%- endif -%}
    {%- if not named -%}
        {%- do errors.append('the model has no <view>__status columns. Let point_in_time_join give them: leave metadata=false out') -%}
    {%- else -%}
        {%- for view in asked if view | lower not in named -%}
            {%- do errors.append("views: the model has no '" ~ view ~ "__status'; it has " ~ named | join('__status, ') ~ '__status') -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do provender._raise_test_errors('absent_share', model, errors) -%}
{% endmacro %}
