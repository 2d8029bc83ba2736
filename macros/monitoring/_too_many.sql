{#- Whether so many bad ones of all are more than one in a hundred, and not by chance: three standard deviations above, and five at least. -#}
{% macro _too_many(bad, all) -%}
    ({{ bad }} >= 5 and {{ bad }} > 0.01 * {{ all }} + 3 * sqrt(0.01 * {{ all }}))
{%- endmacro %}
