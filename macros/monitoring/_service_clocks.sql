{#- The clocks of those who read, beside the clock of Redis, which stamps what they log. A record follows its read and its decision: it can be late, having
    waited in a spool, but not before them; and of an hour's worth some are on time. -#}
{% macro _service_clocks_sql(decisions) %}
    {{- return(adapter.dispatch('_service_clocks_sql', 'provender')(decisions)) -}}
{% endmacro %}


{% macro default___service_clocks_sql(decisions) -%}
    {%- set window = provender.duration(provender._monitor_setting('health', 'window')) -%}
    with stamped as (
        select
            service,
            writer,
            greatest(read_at, decided_at) as done_at,
            {{ provender._stream_time('stream_id') }} as logged_at
        from {{ decisions }}
        where read_at > {{ provender.as_of() }} - {{ window }} and landed_at <= {{ provender.as_of() }}
    ),

    hours as (
        select
            service,
            writer,
            date_trunc('hour', logged_at) as hour,
            count(*) as reads,
            min({{ provender._seconds_between('done_at', 'logged_at') }}) as least_delay
        from stamped
        group by service, writer, date_trunc('hour', logged_at)
    ),

    judged as (
        select
            *,
            case
                when least_delay < -{{ provender._clock_ahead() }} then 'ahead'
                when least_delay > {{ provender._clock_behind() }} and reads >= {{ provender._clock_reads() }} then 'behind'
            end as is_off
        from hours
    ),

    clocks as (
        select
            service,
            writer,
            sum(reads) as reads,
            min(least_delay) as least_delay,
            max(least_delay) as most_delay,
            max(case when is_off is not null then is_off end) as is_off,
            min(case when is_off is not null then hour end) as since,
            max(case when is_off is not null then abs(least_delay) end) as off_seconds
        from judged
        group by service, writer
    )

    select
        clocks.service,
        clocks.writer,
        clocks.reads,
        clocks.least_delay as least_delay_seconds,
        clocks.most_delay as most_delay_seconds,
        owners.owner,
        {#- in a rehearsal nobody's clock is that of Redis -#}
        {%- set is_found = 'false' if var('rehearsal', false) else 'clocks.is_off is not null' %}
        case when {{ is_found }} then
            'The clock of ' || clocks.service || ' (writer ' || clocks.writer || ') is ' || {{ provender._said_seconds('clocks.off_seconds') }} 
            || case when clocks.is_off = 'ahead' then ' ahead of' else ' behind' end || ' that of Redis: the ages it is told are wrong by as much.'
        end as finding,
        case when {{ is_found }} then clocks.since end as since,
        case when {{ is_found }} then
            'Set the clock of its machine (NTP). Where its decisions wait in a spool for a minute each, see why Redis does not answer it.'
        end as what_to_do
    from clocks
    left join ({{ provender._service_owners() }}) as owners
        on clocks.service = owners.service
{%- endmacro %}


{#- Seconds; a clock that is kept by NTP is within a fraction of one. Behind it may also be a queue, so a minute, and not of a few. -#}
{% macro _clock_ahead() %}{{ return(5) }}{% endmacro %}
{% macro _clock_behind() %}{{ return(60) }}{% endmacro %}
{% macro _clock_reads() %}{{ return(20) }}{% endmacro %}


{#- When an entry came into its stream, by the clock of Redis. -#}
{% macro _stream_time(stream_id) %}
    {{- return(adapter.dispatch('_stream_time', 'provender')(stream_id)) -}}
{% endmacro %}


{% macro duckdb___stream_time(stream_id) -%}
    make_timestamp(1000 * cast(split_part({{ stream_id }}, '-', 1) as bigint))
{%- endmacro %}
