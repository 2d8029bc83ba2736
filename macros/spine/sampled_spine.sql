{% macro sampled_spine(spine, by, share) %}
    {{- return(adapter.dispatch('sampled_spine', 'provender')(spine, by, share)) -}}
{% endmacro %}


{% macro default__sampled_spine(spine, by, share) -%}
    (
        select * from {{ spine }}
        where {{ provender._in_sample(by, share) }}
    )
{%- endmacro %}


{#- Whether a row's key is in the sample: its hash, as a number in [0, 1), is below the share. So the same keys are in it today and tomorrow,
    here and on another engine, and those of a small share are in every larger one. -#}
{% macro _in_sample(by, share) -%}
    {%- if share is string or share is boolean or not 0 < share <= 1 -%}
        {%- do exceptions.raise_compiler_error('sampled_spine: share is a number above 0 and up to 1, got ' ~ provender._shown(share) ~ '.') -%}
    {%- endif -%}
    {{ provender._sample_text(by) ~ " < '" ~ '%08x' % (share * 4294967296) | int ~ "'" if share < 1 else 'true' }}
{%- endmacro %}


{#- What rows are sampled by: eight hex digits of a hash of the key, the smallest first. -#}
{% macro _sample_text(by) -%}
    {%- set text = [] -%}
    {%- for column in by -%}
        {%- do text.append("coalesce(length(cast(" ~ column ~ " as varchar)) || ':' || cast(" ~ column ~ " as varchar), '')") -%}
    {%- endfor -%}
    {{- "substr(md5(" ~ text | join(" || '|' || ") ~ "), 1, 8)" -}}
{%- endmacro %}
