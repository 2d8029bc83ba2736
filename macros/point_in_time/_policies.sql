{#- What stands for an absent value of a feature, and for a null, by the declarations that hold for a run: `now`, those of today's YAML,
    as literals; `then`, those it was made by, as columns of the run. -#}
{% macro _absent_at(view, feature, run) %}
    {{- return(run ~ '.absent_' ~ feature.name if view.policy == 'then' else provender._absent(view, feature)) -}}
{% endmacro %}


{% macro _value_at(view, feature, run, value) %}
    {%- if view.policy == 'then' -%}
        {{- return('coalesce(' ~ value ~ ', ' ~ run ~ '.null_' ~ feature.name ~ ')') -}}
    {%- endif -%}
    {{- return(provender._computed_value(feature, value)) -}}
{% endmacro %}


{#- Null is a value, unless the feature says that it means the default. -#}
{% macro _computed_value(feature, value) %}
    {{- return('coalesce(' ~ value ~ ', ' ~ provender._typed(feature.default, feature.type) ~ ')' if feature.null_is == 'default' else value) -}}
{% endmacro %}


{#- What a feature is where its value is absent, by today's declaration. -#}
{% macro _absent(view, feature) %}
    {{- return(provender._typed(feature.default if view.policies.otherwise == 'default' else none, feature.type)) -}}
{% endmacro %}


{#- How long a value of a run lives, and is fresh; no longer than max_age. -#}
{% macro _lifetime(view, ttl) %}
    {{- return('least(' ~ ttl ~ ', ' ~ provender._seconds(view.max_age) ~ ')' if view.max_age else ttl) -}}
{% endmacro %}


{#- Per recorded definition of a view: its durations, and of each feature what stands for an absent value and for a null. -#}
{% macro _recorded_policies(view) -%}
    {%- set name, null_is = provender._json_text('feature', 'name'), provender._json_text('feature', 'null_is') -%}
    (
                select
                    fingerprint,
                    {{ provender._interval('cast(' ~ provender._json_text('policies', 'ttl_seconds') ~ ' as bigint)', 'second') }} as ttl,
                    {{ provender._interval('cast(' ~ provender._json_text('policies', 'freshness_sla_seconds') ~ ' as bigint)', 'second') }} as sla,
                    {%- for feature in view.asked %}
                    {%- set is_it = name ~ " = '" ~ feature.name ~ "'" %}
                    {%- set default = 'cast(' ~ provender._json_text('feature', 'default') ~ ' as ' ~ feature.type ~ ')' %}
                    max(case when {{ is_it }} and {{ provender._json_text('policies', 'otherwise') }} = 'default' then {{ default }} end) as absent_{{ feature.name }},
                    max(case when {{ is_it }} and {{ null_is }} = 'default' then {{ default }} end) as null_{{ feature.name }}{{ ',' if not loop.last }}
                    {%- endfor %}
                from (
                    select fingerprint, policies, {{ provender._json_elements('features') }} as feature
                    from {{ view.relations.definitions }}
                    where view = '{{ view.name }}' and version = {{ view.version }}
                ) as declared
                group by fingerprint, policies
            )
{%- endmacro %}


{% macro _seconds(seconds) %}
    {{- return(adapter.dispatch('duration', 'provender')(seconds, 'seconds')) -}}
{% endmacro %}


{% macro _typed(value, type) %}
    {{- return('cast(' ~ provender._text(value) ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}
