{#- Whether two values of a feature differ. Null equals null. The last digits of a floating-point number depend on the order in which it was
    summed, so those that agree to nine digits are equal; so are numbers no further apart than the feature's `tolerance`. -#}
{% macro _differ(one, other, type, tolerance=none) -%}
    {%- set is_number = provender._type_class(type) in ['integer', 'double', 'decimal'] -%}
    ({{ one }} is distinct from {{ other }}
    {%- if provender._type_class(type) == 'double' %} and (abs({{ one }} - {{ other }}) < 1e-9 * greatest(abs({{ one }}), abs({{ other }}))) is not true{% endif %}
    {%- if tolerance and is_number %} and (abs(cast({{ one }} as double) - cast({{ other }} as double)) <= {{ tolerance }}) is not true{% endif %})
{%- endmacro %}
