{#- The rules by which values are compared, as text with holes, one row each: what `provender diff` needs of them. So it tells a difference, a
    distance and a sample by the very macros that monitors do. Holes: __one__, __other__, __tolerance__, __value__; and the tables
    __provender_subjects__ (id, class) and __provender_values__ (id, sample, number, category), of which sample -1 is the old, 0 the new. -#}
{% macro _comparison_rows() %}
    {%- set rows = [{'rule': 'distances', 'sql': provender._compared_distances()}] -%}
    {%- for entity in provender.entities() -%}
        {%- do rows.append({'rule': 'sample ' ~ entity.name, 'sql': provender._sample_text(entity['keys'] | map(attribute='name') | list)}) -%}
    {%- endfor -%}
    {%- for type in ['integer', 'double', 'decimal', 'other'] -%}
        {%- do rows.append({'rule': 'differ ' ~ type, 'sql': provender._differ('__one__', '__other__', type)}) -%}
        {%- do rows.append({'rule': 'differ within ' ~ type, 'sql': provender._differ('__one__', '__other__', type, '__tolerance__')}) -%}
    {%- endfor -%}
    {%- for class in ['number', 'category', 'time'] -%}
        {%- do rows.append({'rule': 'observed ' ~ class, 'sql': provender._number_and_category({'class': class}, '__value__', 'as_of')}) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'rule': 'varchar', 'sql': 'varchar'})) -}}
{% endmacro %}


{#- Statistics of two samples of values, by the macros of drift: the old is the baseline, the new is one day's. -#}
{% macro _compared_distances() -%}
    with subjects as (
        select id, 1 as unit, class from __provender_subjects__
    ),

    observed as (
        select id, sample, false as is_absent, number, category from __provender_values__
    ),

    entities as (
        select 1 as unit, 0 as sample, '' as entity, 1 as rows_held where false
    ),

    {{ provender._drift_statistics() }}

    select id, kind, d, psi from statistics
    where population = 'served' and cohort = 'day' and other = 'baseline'
{%- endmacro %}
