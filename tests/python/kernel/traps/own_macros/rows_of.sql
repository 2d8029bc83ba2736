{#- What the test wrote for this view, whatever the spine says. -#}
{% macro rows_of(columns, entity) %}
select
    {% for name, type in columns.items() %}cast({{ name }} as {{ type }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
from {{ source('lab', 'rows') }}
where view = '{{ model.name }}' and exists (select 1 from {{ provender.spine(entity) }} as spine)
{% endmacro %}
