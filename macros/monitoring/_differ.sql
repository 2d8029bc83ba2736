{#- Whether two values of a feature differ. Null equals null. The last digits of a floating-point number depend on the order in which it was
    summed, so those that agree to nine digits are equal. -#}
{% macro _differ(one, other, type) -%}
    ({{ one }} is distinct from {{ other }}
    {%- if provender._type_class(type) == 'double' %} and (abs({{ one }} - {{ other }}) < 1e-9 * greatest(abs({{ one }}), abs({{ other }}))) is not true{% endif %})
{%- endmacro %}
