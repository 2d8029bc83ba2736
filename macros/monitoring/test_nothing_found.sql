{% test nothing_found(model) %}
    select * from {{ model }} where finding is not null
{% endtest %}
