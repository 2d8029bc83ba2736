{% macro weight() %}1{% endmacro %}
