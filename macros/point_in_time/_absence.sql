{#- Rule 11 in SQL: the status of a view's row at a spine row, and the value of a feature under it. -#}
{% macro _status_at(view, v, age) -%}
    case
                when {{ v }}_run.as_of is null then 'not_computed'
                when {{ v }}_row.valid_from is null then 'missing'
                when {{ age }} > {{ provender._seconds(view.policies.ttl_seconds) }} then 'expired'
                when {{ age }} > {{ provender._seconds(view.policies.freshness_sla_seconds) }} then 'stale'
                else 'ok'
            end
{%- endmacro %}


{% macro _value_at(view, feature, v, age) -%}
    {%- set default = provender._typed(feature.default, feature.type) -%}
    case
                when {{ v }}_row.valid_from is null
                or {{ age }} > {{ provender._seconds(view.policies.ttl_seconds) }}
                or position('"{{ feature.name }}"' in {{ v }}_run.columns) = 0
                    then {{ default if view.policies.otherwise == 'default' else 'null' }}
                {%- if feature.null_is == 'default' %}
                when {{ v }}_row.{{ feature.name }} is null then {{ default }}
                {%- endif %}
                else {{ v }}_row.{{ feature.name }}
            end
{%- endmacro %}


{#- The features that the run did not have yet, as text; null when it had them all. -#}
{% macro _not_computed_at(view, v) -%}
    nullif(concat_ws(', '
                {%- for feature in view.features %},
                case when position('"{{ feature.name }}"' in {{ v }}_run.columns) = 0 then '{{ feature.name }}' end
                {%- endfor %}
            ), '')
{%- endmacro %}


{% macro _seconds(seconds) %}
    {{- return(adapter.dispatch('duration', 'provender')(seconds, 'seconds')) -}}
{% endmacro %}


{% macro _typed(value, type) %}
    {{- return('null' if value is none else 'cast(' ~ provender._text(value) ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}
