{#- A path in the project as an absolute one: readers open what is published from anywhere. -#}
{% macro _project_path(path) %}
    {%- if not invocation_args_dict.project_dir.startswith('/') -%}
        {%- do exceptions.raise_compiler_error(
            "--project-dir is relative, got '" ~ invocation_args_dict.project_dir ~ "'. Give it whole, or run dbt in the project's folder:"
            ~ ' the published catalog names its files by full path.'
        ) -%}
    {%- endif -%}
    {{- return(invocation_args_dict.project_dir ~ '/' ~ path) -}}
{% endmacro %}
