{#- The rows that found something. It comes after `alerts`, so that not even as an error it keeps `alerts` from being built. -#}
{% test nothing_found(model) %}
    {%- do ref('provender', 'alerts') -%}
    select *
    from {{ model }}
    where finding is not null
{% endtest %}
