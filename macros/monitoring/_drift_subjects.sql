{#- What is compared, found when this is executed: one dict for each service and deployed model version, {service, model_version, owner,
    why, baseline, units}. `why` says why nothing can be compared. A unit is one of the views it reads, with a number of its own:
    its features have one entity, one history and one share of rows. -#}
{% macro _drift_subjects() %}
    {%- set subjects = [] -%}
    {%- if not execute or provender._sees_part() -%}
        {{- return(subjects) -}}
    {%- endif -%}
    {%- set views = provender.feature_views() -%}
    {%- set deployed = provender._deployed_versions() -%}
    {%- set ns = namespace(unit=0, feature=0) -%}
    {%- for service in provender.feature_services() -%}
        {%- set declared = provender._training_sets(graph.exposures[service.unique_id]) -%}
        {%- for model_version in deployed.get(service.service) or (declared | list)[-1:] or [none] -%}
            {%- set baseline = provender._baseline(declared.get(model_version), service) -%}
            {%- set units = [] -%}
            {%- for view in views if not baseline.why and view.label in provender._labels_read(service) -%}
                {%- set unit = provender._drift_unit(service, view, baseline, ns.unit + 1, ns.feature) -%}
                {%- set ns.unit = unit.number -%}
                {%- set ns.feature = ns.feature + unit.features | length -%}
                {%- do units.append(unit) -%}
            {%- endfor -%}
            {%- do subjects.append({
                'service': service.service, 'model_version': model_version, 'owner': service.owner, 'baseline': baseline, 'why': baseline.why, 'units': units,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(subjects) -}}
{% endmacro %}


{#- {service: the model versions that decided in the time kept}, each list in the order of its text. -#}
{% macro _deployed_versions() %}
    {%- set deployed = {} -%}
    {%- if load_relation(ref('decisions')) -%}
        {%- for service, model_version in run_query(
            "select service, coalesce(model_version, '') from " ~ ref('decisions') ~ ' where ' ~ provender._is_kept('decided_at')
            ~ " group by service, coalesce(model_version, '') order by 1, 2"
        ) -%}
            {%- do deployed.setdefault(service, []).append(model_version) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(deployed) -}}
{% endmacro %}


{#- Whether a time lies in what is kept for comparison: (as_of - kept, as_of]. -#}
{% macro _is_kept(column) -%}
    ({{ column }} <= {{ provender.as_of() }} and {{ column }} > {{ provender.as_of() }} - {{ provender.duration(provender._monitor_setting('drift', 'kept')) }})
{%- endmacro %}


{% macro _labels_read(service) %}
    {%- set labels = [] -%}
    {%- for feature in service.features -%}
        {%- do labels.append(feature.view ~ '@' ~ feature.version) -%}
    {%- endfor -%}
    {{- return(labels) -}}
{% endmacro %}


{#- {name, relation, columns, rows, as_of, why} of a declared baseline; `as_of` is the last logged build's, where it is a training set. -#}
{% macro _baseline(name, service) %}
    {%- if name is none -%}
        {{- return({'name': none, 'why': 'no training set is declared for this model version'}) -}}
    {%- endif -%}
    {%- set node = provender._baseline_node(name) -%}
    {%- set relation = load_relation(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) -%}
    {%- if not relation -%}
        {{- return({'name': name, 'why': name ~ ' was never built'}) -}}
    {%- endif -%}
    {%- set built = run_query(
        'select cast(max(as_of) as varchar) from ' ~ provender._log_relation('training_log') ~ ' where training_set = ' ~ provender._text(node.alias)
    ) if load_relation(provender._log_relation('training_log')) else [[none]] -%}
    {{- return({
        'name': name, 'relation': relation, 'columns': adapter.get_columns_in_relation(relation) | map(attribute='name') | list,
        'rows': run_query('select count(*) from ' ~ relation)[0][0] | int, 'as_of': built[0][0], 'why': none,
    }) -}}
{% endmacro %}


{#- One view as one deployed model version of a service reads it. -#}
{% macro _drift_unit(service, view, baseline, number, last_feature) %}
    {%- set prefix = ([view.name, view.name ~ '_v' ~ view.version] | select('in', provender._prefixes(baseline.columns)) | first) or view.name -%}
    {%- set keys = view['keys'] | map(attribute='name') | list -%}
    {%- set unit = {
        'number': number, 'view': view, 'keys': keys, 'has_keys': keys | reject('in', baseline.columns) | list | length == 0,
        'status': prefix ~ '__status' if prefix ~ '__status' in baseline.columns else none,
        'not_computed': prefix ~ '__not_computed' if prefix ~ '__not_computed' in baseline.columns else none,
        'moment': ([prefix ~ '__as_of', 'as_of'] | select('in', baseline.columns) | first),
    } -%}
    {%- set unit = dict(unit, baseline_share=provender._drift_share(baseline.rows) if unit.has_keys else 1.0, online_share=provender._online_share(view)) -%}
    {%- set features = [] -%}
    {%- for feature in service.features if feature.view == view.name and feature.version == view.version -%}
        {%- set declared = view.features | selectattr('name', 'equalto', feature.feature) | first -%}
        {%- set column = ([feature.name, feature.feature, prefix ~ '__' ~ feature.feature] | select('in', baseline.columns) | first) -%}
        {%- set class = provender._type_class(declared.type) -%}
        {%- set is_time = class in ['date', 'timestamp'] -%}
        {%- do features.append({
            'id': last_feature + loop.index, 'name': feature.name, 'feature': feature.feature, 'declared': declared, 'column': column,
            'class': 'category' if class in ['text', 'boolean'] else 'time' if is_time else 'number',
            'why': baseline.name ~ ' has no column ' ~ feature.name if not column
                else baseline.name ~ ' has no as_of, which a time is compared with' if is_time and not unit.moment else none,
        }) -%}
    {%- endfor -%}
    {{- return(dict(unit, features=features)) -}}
{% endmacro %}


{#- What stands before `__status`. -#}
{% macro _prefixes(columns) %}
    {%- set prefixes = [] -%}
    {%- for column in columns if column.endswith('__status') -%}
        {%- do prefixes.append(column[:-8]) -%}
    {%- endfor -%}
    {{- return(prefixes) -}}
{% endmacro %}


{#- The share of keys whose history is looked at, at one run for each day that is kept. -#}
{% macro _online_share(view) %}
    {%- set log = provender._log_relation('run_log') -%}
    {%- set rows = run_query(
        'select max(row_count) from ' ~ log ~ " where view = '" ~ view.name ~ "' and version = " ~ view.version ~ ' and ' ~ provender._is_kept('as_of')
    )[0][0] if load_relation(log) else none -%}
    {{- return(provender._drift_share((rows or 0) * provender._whole_days(provender._monitor_setting('drift', 'kept')))) -}}
{% endmacro %}


{#- The share of decisions that is looked at. -#}
{% macro _served_share() %}
    {%- set decisions = ref('decisions') -%}
    {%- set rows = run_query('select count(*) from ' ~ decisions ~ ' where ' ~ provender._is_kept('decided_at'))[0][0] if load_relation(decisions) else 0 -%}
    {{- return(provender._drift_share(rows)) -}}
{% endmacro %}
