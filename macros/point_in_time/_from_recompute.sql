{#- The stored definition, computed at the spine's own time for the keys that were live then. -#}
{% macro _from_recompute(view, as_of) %}
    {%- set row = view.as ~ '_now' -%}
    {%- set is_asked = view.t ~ ' is not null' -%}
    {%- set has, is_good, value, absent = {}, {}, {}, {} -%}
    {%- for feature in view.asked -%}
        {%- do has.update({feature.name: is_asked}) -%}
        {%- do is_good.update({feature.name: row ~ '.as_of is not null'}) -%}
        {%- do value.update({feature.name: provender._computed_value(feature, row ~ '.' ~ feature.name)}) -%}
        {%- do absent.update({feature.name: provender._absent(view, feature)}) -%}
    {%- endfor -%}
    {{- return({
        'source': 'recompute', 'reaches': is_asked, 'as_of': view.t, 'age': view.t ~ ' - ' ~ view.t,
        'status': {row ~ '.as_of is not null': "'ok'", is_asked: "'missing'"},
        'has': has, 'is_good': is_good, 'value': value, 'absent': absent, 'computed': has,
        'ctes': provender._recomputed_cte(view, as_of),
        'joins': 'left join ' ~ view.as ~ '_recomputed as ' ~ row ~ '\n            on '
            ~ provender._on_keys(view, row) ~ ' and ' ~ row ~ '.as_of = ' ~ view.t,
    }) -}}
{% endmacro %}


{% macro _recomputed_cte(view, as_of) -%}
    -- {{ view.label }}: each key and time once where the entity was live, and the stored definition over that
        {{ view.as }}_live as (
            select asked.*
            from (
                {{ provender._key_spine('spine', view.spine_keys, as_of) }}
            ) as asked
            where exists (
                select 1 from {{ provender._entity_relation(view.entity) }} as life
                where
                    {% for key in view.spine_keys %}life.{{ key }} = asked.{{ key }} and {% endfor %}life.live_from <= asked.as_of
                    and (life.live_until is null or life.live_until > asked.as_of)
            )
        ),

        {{ view.as }}_recomputed as (
            select * from {{ provender._filled(provender._stored_definition(view), 'select * from ' ~ view.as ~ '_live') }} as filled
        )
{%- endmacro %}


{% macro _entity_relation(entity) %}
    {%- for node in provender._nodes('model') if node.name == entity -%}
        {{- return(node.relation_name) -}}
    {%- endfor -%}
{% endmacro %}
