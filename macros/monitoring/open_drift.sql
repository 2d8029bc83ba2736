{% macro open_drift(view, feature=none, v=none) %}
    {%- set found = provender._view_node(view, v) if execute else none -%}
    {{- return(adapter.dispatch('open_drift', 'provender')(view, feature, found.version if found else 1)) -}}
{% endmacro %}


{% macro default__open_drift(view, feature, version) -%}
    (
        select service, model_version, population, view_feature as feature, since, finding, owner
        from {{ ref('drift') }}
        where view = '{{ view }}' and version = {{ version }} and finding is not null
        {%- if feature %} and view_feature = '{{ feature }}'{% endif %}
    )
{%- endmacro %}
