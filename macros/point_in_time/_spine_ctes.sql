{#- The spine, and up to when it is known what was readable: the run's as_of, and where pushes of this store have landed, how far they
    have. A row later than that is refused, not guessed. -#}
{% macro _spine_ctes(spine, as_of) -%}
    horizon as (
            select least(
                {{ provender.as_of() }},
                {%- if var('landed_until', none) %}
                cast('{{ provender._instant_text(var('landed_until'), 'landed_until') }}' as timestamp),
                {%- endif %}
                max(landed_until)
            ) as known_until
            from {{ provender._log_relation('landed') }}
            where log = 'push_log' and namespace = '{{ provender._namespace() }}'
        ),

        spine as (
            select * from /* provender:training_spine */ {{ spine }} /* provender:end_training_spine */
            where case
                when cast({{ as_of }} as timestamp) > (select known_until from horizon) then error(
                    'point_in_time_join: the spine asks for ' || {{ as_of }} || ', and what was readable is known until '
                    || (select known_until from horizon) || ' only: the as_of of this run, or how far the push log has landed. '
                    || 'Land it (provender land-push-log), or leave later rows out.'
                )
                else true
            end
        )
{%- endmacro %}
