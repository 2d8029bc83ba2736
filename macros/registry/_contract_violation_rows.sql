{% macro _contract_violation_rows() %}
    {%- set rows = [] -%}
    {%- for violation in provender._contract_violations() if execute -%}
        {%- do rows.append({'violation': violation}) -%}
    {%- endfor -%}
    {{- return(provender._rows(rows, {'violation': 'varchar'})) -}}
{% endmacro %}
