{#- A carrier flies a flight number from one airport at most once a local day. -#}
{% macro flight_id(row) -%}
    concat_ws(
        '-', {{ row }}.carrier, {{ row }}.flight, {{ row }}.origin,
        make_date({{ row }}.year, {{ row }}.month, {{ row }}.day)
    )
{%- endmacro %}
