{#- Whether this run was told to see only part of the rows. `flags` knows of --empty, not of --sample. -#}
{% macro _sees_part() %}
    {{- return(flags.EMPTY or invocation_args_dict.get('sample') is not none) -}}
{% endmacro %}
