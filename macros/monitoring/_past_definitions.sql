{#- The definitions that past runs were made by, each with what is needed to compute it again, or with why it cannot be. `runs`: SQL of rows of
    the run log. -#}
{% macro _past_definitions(runs) %}
    {%- if not load_relation(provender._log_relation('run_log')) or not load_relation(provender._log_relation('cut_log')) or provender._sees_part() -%}
        {{- return([]) -}}
    {%- endif -%}
    {%- set recorded = provender._last_definitions() -%}
    {%- set known = {} -%}
    {%- set past = [] -%}
    {%- for name, version, fingerprint in run_query(
        'select view, version, fingerprint from (' ~ runs ~ ') as runs group by view, version, fingerprint order by view, version, min(as_of)'
    ) -%}
        {%- set view = provender.feature_views() | selectattr('name', 'equalto', name) | selectattr('version', 'equalto', version | int) | first -%}
        {%- set definition = provender._recorded_definition(view, fingerprint) if view else none -%}
        {%- set why = provender._why_not_compared(view, definition, recorded, known) -%}
        {%- do past.append({
            'number': loop.index, 'name': name, 'version': version | int, 'fingerprint': fingerprint, 'view': view, 'why': why,
            'is_todays': 'true' if view and fingerprint == provender._fingerprint_now(view.unique_id, recorded, known) else 'false',
            'features': fromjson(definition.features) if definition else none,
        }) -%}
    {%- endfor -%}
    {{- return(past) -}}
{% endmacro %}


{#- None when the definition can be computed as the run did: what it reads is defined as it was then. Else a change of definition would pass
    for late data. -#}
{% macro _why_not_compared(view, definition, recorded, known) %}
    {%- if not view -%}
        {{- return('the project no longer has this view') -}}
    {%- elif view.policies.backfill == 'none' -%}
        {{- return('the view declares backfill: none') -}}
    {%- elif not definition -%}
        {{- return('its definition was not recorded') -}}
    {%- elif definition.fingerprint != provender._fingerprint_again(definition, view.unique_id, recorded, known) -%}
        {{- return('the definition of what it reads has changed since') -}}
    {%- endif -%}
{% endmacro %}


{#- The fingerprint that the last recorded definition of a model would get now: that of the view was made with what its ancestors were then,
    and one of them may have been built anew since. `known` keeps those found already. -#}
{% macro _fingerprint_now(unique_id, recorded, known) %}
    {%- if unique_id not in known -%}
        {%- set last = recorded.get(unique_id) -%}
        {%- do known.update({
            unique_id: provender._fingerprint_again(last, unique_id, recorded, known) if last and last.definition_sql else provender._partial()
        }) -%}
    {%- endif -%}
    {{- return(known[unique_id]) -}}
{% endmacro %}


{#- As record_definition makes it, of a definition that was recorded and what it would be built on now. -#}
{% macro _fingerprint_again(definition, unique_id, recorded, known) %}
    {%- set contract = '' -%}
    {%- if definition['keys'] -%}
        {%- set contract = tojson([fromjson(definition['keys']), fromjson(definition.features), fromjson(definition.policies)], sort_keys=True) -%}
    {%- endif -%}
    {%- set parents = {} -%}
    {%- for id in provender._built_parents(graph.nodes[unique_id].depends_on.nodes) -%}
        {%- do parents.update({id: provender._fingerprint_now(id, recorded, known) if id.startswith('model.') else id}) -%}
    {%- endfor -%}
    {{- return(local_md5([definition.definition_sql, contract, tojson(parents, sort_keys=True)] | join('\x1f'))) -}}
{% endmacro %}


{#- The last recorded definition of each model, by unique id; without SQL where it was built with --empty or --sample. -#}
{% macro _last_definitions() %}
    {%- set definitions = {} -%}
    {%- for definition in provender._logged_definitions('true', 'unique_id', 'recorded_at desc, fingerprint') -%}
        {%- do definitions.update({definition.unique_id: definition}) -%}
    {%- endfor -%}
    {{- return(definitions) -}}
{% endmacro %}


{% macro _recorded_definition(view, fingerprint) %}
    {{- return(provender._logged_definitions(
        'unique_id = ' ~ provender._text(view.unique_id) ~ ' and fingerprint = ' ~ provender._text(fingerprint), 'fingerprint', 'recorded_at'
    ) | first) -}}
{% endmacro %}


{#- One for each of `by`, the first in `order`. -#}
{% macro _logged_definitions(where, by, order) %}
    {%- set columns = ['unique_id', 'fingerprint', 'definition_sql', 'keys', 'features', 'policies'] -%}
    {%- set definitions = [] -%}
    {%- for row in run_query(
        'select ' ~ columns | join(', ') ~ ' from (select *, row_number() over (partition by ' ~ by ~ ' order by ' ~ order ~ ') as place from '
        ~ provender._log_relation('definition_log') ~ ' where ' ~ where ~ ') as logged where place = 1'
    ) -%}
        {%- do definitions.append(dict(zip(columns, row.values()))) -%}
    {%- endfor -%}
    {{- return(definitions) -}}
{% endmacro %}
