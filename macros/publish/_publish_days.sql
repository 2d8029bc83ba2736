{#- One file for each day of `by_day`, its rows in the order of `order_by`, in small row groups: who looks for one of them reads little. A day is
    written again when its number of rows is another than that of its file, so what a killed build left out is made up for by the next. -#}
{% macro _publish_days(root, name, relation, by_day, order_by) %}
    {%- do provender._make_folder(root ~ '/' ~ name) -%}
    {%- for day in provender._days_to_publish(root ~ '/' ~ name, relation, by_day) -%}
        {%- do run_query(
            'copy (select * from ' ~ relation ~ ' where cast(' ~ by_day ~ " as date) = cast('" ~ day ~ "' as date) order by " ~ order_by ~ ') to '
            ~ provender._text(root ~ '/' ~ name ~ '/day=' ~ day ~ '.parquet')
            ~ ' (format parquet, compression zstd, row_group_size 10240, use_tmp_file true)'
        ) -%}
    {%- endfor -%}
{% endmacro %}


{% macro _days_to_publish(folder, relation, by_day) %}
    {%- set files = provender._text(folder ~ '/day=*.parquet') -%}
    {%- set any = run_query('select count(*) from glob(' ~ files ~ ')')[0][0] > 0 -%}
    {%- set published -%}
        {% if any %}select regexp_extract(file_name, 'day=([^/]*)[.]parquet$', 1) as day, num_rows from parquet_file_metadata({{ files }})
        {%- else %}select null as day, 0 as num_rows where false{% endif %}
    {%- endset -%}
    {%- set days = run_query(
        "select coalesce(built.day, published.day) from (select strftime(cast(" ~ by_day ~ " as date), '%Y-%m-%d') as day, count(*) as num_rows from "
        ~ relation ~ ' where ' ~ by_day ~ ' is not null group by 1) as built full join (' ~ published ~ ') as published on built.day = published.day where '
        ~ ('true' if flags.FULL_REFRESH else 'coalesce(built.num_rows, 0) <> coalesce(published.num_rows, -1)') ~ ' order by 1'
    ) -%}
    {{- return(days.columns[0].values()) -}}
{% endmacro %}
