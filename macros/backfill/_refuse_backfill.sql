{#- All that would make a backfill untrue, said before anything is touched. -#}
{% macro _refuse_backfill(asked) %}
    {%- set errors = provender._backfill_errors(asked) -%}
    {%- if errors -%}
        {%- do exceptions.raise_compiler_error(
            'backfill of ' ~ asked.view.label ~ ' refused, nothing was changed:\n- ' ~ errors | join('\n- ')
        ) -%}
    {%- endif -%}
{% endmacro %}


{% macro _backfill_errors(asked) %}
    {%- set errors = provender._slot_errors(asked) + provender._asked_feature_errors(asked) -%}
    {%- if not errors -%}
        {%- set errors = provender._stored_definition_errors(asked) -%}
    {%- endif -%}
    {{- return(errors or provender._state_errors(asked) + provender._backfill_column_errors(asked)) -}}
{% endmacro %}


{% macro _slot_errors(asked) %}
    {%- set most = 100000 -%}
    {%- set present = provender._as_of_text() if var('rehearsal', false) else [provender._as_of_text(), provender._now_text()] | min -%}
    {%- set errors = [] -%}
    {%- if asked.count > most -%}
        {%- do errors.append(asked.count ~ ' slots are more than ' ~ most ~ '. Take a larger step, or fill the range in parts.') -%}
    {%- endif -%}
    {%- if asked.end > present -%}
        {%- do errors.append('end ' ~ asked.end ~ ' is in the future: it is ' ~ present ~ ' for this run. Give an end at or before that.') -%}
    {%- endif -%}
    {{- return(errors) -}}
{% endmacro %}


{% macro _asked_feature_errors(asked) %}
    {%- set view, policies = asked.view, asked.view.policies -%}
    {%- set known = view['features'] | map(attribute='name') | list -%}
    {%- set errors = [] -%}
    {%- if policies.backfill == 'none' -%}
        {%- do errors.append('it declares `backfill: none` (' ~ policies.backfill_reason ~ '). If that no longer holds, declare `backfill: recompute`.') -%}
    {%- endif -%}
    {%- for name in asked.features if name not in known -%}
        {%- do errors.append(
            'unknown feature ' ~ provender._shown(name) ~ '. Did you mean `' ~ provender._nearest(name, known) ~ '`? It has: ' ~ known | join(', ') ~ '.'
        ) -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{#- Whether the definition that would be filled in is whole, and the one that the YAML declares. -#}
{% macro _stored_definition_errors(asked) %}
    {%- set view = asked.view -%}
    {%- set build = 'dbt build --select +' ~ view.name -%}
    {%- if not asked.fingerprint -%}
        {{- return(['it has no stored definition. Build it first: ' ~ build ~ '.']) -}}
    {%- elif asked.fingerprint == provender._partial() -%}
        {{- return(['it was last built with --empty or --sample. Build it whole: ' ~ build ~ '.']) -}}
    {%- endif -%}
    {%- set stored = fromjson(provender._last_definition(view.unique_id, 'features')) -%}
    {%- set errors = [] -%}
    {%- if provender._last_definition(view.unique_id, 'entity') != view.entity
        or fromjson(provender._last_definition(view.unique_id, 'keys')) != view['keys'] -%}
        {%- do errors.append('its entity or keys changed since it was last built. Build the view first: ' ~ build ~ '.') -%}
    {%- endif -%}
    {%- for feature in view['features'] if feature.name in asked.features -%}
        {%- set built = stored | selectattr('name', 'equalto', feature.name) | map(attribute='type') | first -%}
        {%- if built != feature.type -%}
            {%- do errors.append(
                "feature '" ~ feature.name ~ "' is " ~ ('not in the definition that was last built' if built is undefined else built ~ ' there, and declared ' ~ feature.type)
                ~ '. Build the view first: ' ~ build ~ '.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{#- Whether what the definition reads can answer for every slot: a stored model knows what was known when it was built, and one built
    with --empty or --sample not even that. -#}
{% macro _state_errors(asked) %}
    {%- set view = asked.view -%}
    {%- set last_run = provender._last_run(view) or 'never' -%}
    {%- set errors = [] -%}
    {%- for id in provender._models_read(view) -%}
        {%- set node = graph.nodes[id] -%}
        {%- if provender._last_definition(id, 'fingerprint') == provender._partial() -%}
            {%- do errors.append("it reads '" ~ node.name ~ "', which was last built with --empty or --sample. Build it whole: dbt build --select +" ~ view.name ~ '.') -%}
        {%- elif node.config.materialized not in ['view', 'ephemeral', 'seed'] and (last_run == 'never' or asked.end > last_run) -%}
            {%- do errors.append(
                "it reads '" ~ node.name ~ "', which is stored and knows nothing later than the last run of the view (" ~ last_run
                ~ '). Give an end at or before that, or build first: dbt build --select +' ~ view.name ~ '+.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(errors) -}}
{% endmacro %}


{#- What an answer of the stored definition is computed from: through views, as far as what is stored. -#}
{% macro _models_read(view) %}
    {%- set entity = provender.entities() | selectattr('name', 'equalto', view.entity) | map(attribute='unique_id') | list -%}
    {%- set read = (entity + provender._read_in(view)) | unique | list -%}
    {%- set todo = read | list -%}
    {%- for _ in range(graph.nodes | length) if todo -%}
        {%- set node = graph.nodes[todo.pop()] -%}
        {%- for parent in node.depends_on.nodes if node.config.materialized in ['view', 'ephemeral'] and parent in graph.nodes and parent not in read -%}
            {%- do read.append(parent) -%}
            {%- do todo.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(read | sort) -}}
{% endmacro %}
