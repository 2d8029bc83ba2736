"""What would tell a service its label is refused by lineage; what is honest is not."""

from dataclasses import replace

import pytest
from lending import LABELS, asking, lending, over, with_view
from planted import HOLE

from provender_ops.definitions.declarations import Declarations, Model
from provender_ops.errors import CouldNotRun, UnknownSelection
from provender_ops.review.leaks import CONSEQUENCE, DERIVED, READS, UNREAD, find_leaks

DEFAULTED = {"model": "labels", "column": "defaulted"}
RENAMED = Model(
    "model.bank.stg_results",
    "stg_results",
    'select application_id as id, upper(outcome) as result from "model.bank.stg_outcomes"',
    ("model.bank.stg_outcomes",),
)
BAD_LOANS = Model(
    "model.bank.stg_bad_loans",
    "stg_bad_loans",
    """
select a.customer_id, a.occurred_at, a.known_from, a.known_until, a.amount
from "model.bank.stg_applications" a
where a.application_id in (
    select application_id from "model.bank.stg_outcomes" where outcome = 'defaulted'
)
""",
    ("model.bank.stg_applications", "model.bank.stg_outcomes"),
)
OF_APPLICATION = f"""
select s.customer_id, s.as_of, %s as it
from {HOLE} s
left join "model.bank.stg_applications" a on a.customer_id = s.customer_id
left join "model.bank.%s" o on o.%s = a.application_id
group by s.customer_id, s.as_of
"""
LEAKS = {
    "the_label_itself": (
        'select s.customer_id, s.as_of, max(l.defaulted) as it from {HOLE} s left join'
        ' "model.bank.labels" l on l.customer_id = s.customer_id group by all',
        READS,
    ),
    "derived": (OF_APPLICATION % ("count_if(o.outcome = 'defaulted') > 0", "stg_outcomes",
                                  "application_id"), DERIVED),
    "in_a_filter": (OF_APPLICATION % ("sum(a.amount) filter (where o.outcome <> 'repaid')",
                                      "stg_outcomes", "application_id"), DERIVED),
    "renamed_in_staging": (OF_APPLICATION % ("any_value(o.result)", "stg_results", "id"), DERIVED),
    "filtered_in_staging": (over("bad_loans", "sum(e.amount)"), DERIVED),
    "other_column_of_the_outcome": (
        OF_APPLICATION % ("max(o.recovered)", "stg_outcomes", "application_id"), CONSEQUENCE),
    "outcomes_counted": (
        OF_APPLICATION % ("count(o.application_id)", "stg_outcomes", "application_id"),
        CONSEQUENCE),
    "days_since_it_ended": (
        OF_APPLICATION % ("datesub('day', max(o.occurred_at), s.as_of)", "stg_outcomes",
                          "application_id"), CONSEQUENCE),
    "called_by_collections": (over("collections", "count(e.call_id)"), CONSEQUENCE),
    "rows_only_where_it_ended": (
        f"""
select s.customer_id, s.as_of, 1.0 as it from {HOLE} s
inner join "model.bank.stg_applications" a on a.customer_id = s.customer_id
inner join "model.bank.stg_outcomes" o on o.application_id = a.application_id
group by s.customer_id, s.as_of
""", CONSEQUENCE),
}  # fmt: skip
HONEST = {
    "applied_amount": over("applications", "sum(e.amount)"),
    "applications": over("applications", "count(e.application_id)"),
    "last_purpose": over("applications", "arg_max(e.purpose, e.occurred_at)"),
    "branches": over("applications", "count(distinct e.branch)"),
    "loan_amount": over("loans", "sum(e.amount)"),
    "longest_term": over("loans", "max(e.term)", "e.occurred_at > s.as_of - interval '365 days'"),
}


@pytest.fixture(scope="module")
def state() -> Declarations:
    built = lending()
    for name, (sql, _) in LEAKS.items():
        parents = ("model.bank.labels",) if "bank.labels" in sql else ()
        also = {model.name: model for model in (RENAMED, BAD_LOANS)}
        built = with_view(built, name, sql.replace("{HOLE}", HOLE), parents, **also)
    for name, sql in HONEST.items():
        built = with_view(built, name, sql)
    nested = f"""
select s.customer_id, s.as_of, 1 - v.derived as it from {HOLE} s
inner join ( /* provender:features_of model.bank.derived */
    {
        (built.models["model.bank.derived"].sql or "").replace(
            HOLE, f"(select distinct customer_id, as_of from {HOLE} as spine)"
        )
    }
) as v on v.customer_id = s.customer_id and v.as_of = s.as_of
"""
    plain = f"""
select s.customer_id, s.as_of, v.derived as it from {HOLE} s
inner join "model.bank.derived" v on v.customer_id = s.customer_id and v.as_of = s.as_of
"""
    built = with_view(built, "through_a_view", nested, ("model.bank.derived",))
    return with_view(built, "through_its_table", plain, ("model.bank.derived",))


def own(name: str) -> tuple[str, str]:
    return f"{name}@1", name


@pytest.mark.parametrize("name", [*LEAKS, "through_a_view", "through_its_table"])
def test_a_planted_leak_is_refused(name: str, state: Declarations) -> None:
    label = {**DEFAULTED, "consequences": ["raw.collections"]}
    (leak,) = find_leaks(asking(state, [own(name)], label), "credit")
    assert leak.feature == f"{name}@1.{name}"
    assert leak.kind == (LEAKS[name][1] if name in LEAKS else DERIVED)
    assert not leak.is_signed_off


def test_honest_features_are_not_refused(state: Declarations) -> None:
    """More than fifty, of events of all kinds, of applications, and of loans not yet ended."""
    features = [own(name) for name in HONEST]
    features += [
        (view.label, feature.name)
        for view in state.views.values()
        if view.label.endswith(("activity@1", "money@1", "favourites@1", "shares@1", "trend@1"))
        for feature in view.features
    ]
    assert len(features) > 50
    label = {**DEFAULTED, "consequences": ["raw.collections", "raw.loans.closed_on"]}
    assert find_leaks(asking(state, features, label), "credit") == []


def test_of_the_table_that_the_label_is_a_column_of_other_columns_are_honest(
    state: Declarations,
) -> None:
    """A loan is there before it is written off: what it was lent for is known, its state is not."""
    label = {
        "model": "loan_labels",
        "column": "written_off",
        "consequences": ["raw.loans.closed_on"],
    }
    honest = [own("loan_amount"), own("longest_term"), own("applied_amount")]
    assert find_leaks(asking(state, honest, label), "credit") == []
    state = with_view(state, "open_loans", over("loans", "count_if(e.status = 'open')"))
    state = with_view(state, "ended", over("loans", "max(e.closed_on)"))
    leaks = find_leaks(asking(state, [own("open_loans"), own("ended")], label), "credit")
    assert [(leak.feature, leak.kind) for leak in leaks] == [
        ("open_loans@1.open_loans", DERIVED),
        ("ended@1.ended", CONSEQUENCE),
    ]
    assert "loans.status" in leaks[0].because
    assert "loans.closed_on" in leaks[1].because


def test_a_label_that_looks_ahead_leaves_the_past_to_features(state: Declarations) -> None:
    """The label is of events after its as_of; a feature that asks what was known sees others."""
    label = {"model": "churn_labels", "column": "left_soon"}
    state = with_view(state, "left_before", over("churn_events", "count_if(e.event = 'left')"))
    assert find_leaks(asking(state, [own("left_before")], label), "credit") == []
    unbounded = f"""
select s.customer_id, s.as_of, count_if(e.event = 'left') as it
from {HOLE} s left join "model.bank.stg_churn_events" e on e.customer_id = s.customer_id
group by s.customer_id, s.as_of
"""
    state = with_view(state, "left_ever", unbounded)
    (leak,) = find_leaks(asking(state, [own("left_ever")], label), "credit")
    assert leak.kind == DERIVED


def test_a_sign_off_is_kept_with_who_and_why(state: Declarations) -> None:
    reviewed = [{"feature": "derived.derived", "reason": "Earlier loans.", "by": "Ada"}]
    asked = asking(state, [own("derived"), own("in_a_filter")], DEFAULTED, reviewed=reviewed)
    signed, other = find_leaks(asked, "credit")
    assert (signed.by, signed.reason, signed.is_signed_off) == ("Ada", "Earlier loans.", True)
    assert not other.is_signed_off


def test_what_cannot_be_read_is_refused(state: Declarations) -> None:
    state = with_view(state, "odd", "with recursive r as (select 1) select * from r")
    (leak,) = find_leaks(asking(state, [own("odd")], DEFAULTED), "credit")
    assert leak.kind == UNREAD


def test_a_service_without_a_label_has_no_leaks(state: Declarations) -> None:
    asked = asking(state, [own("derived")], {})
    assert find_leaks(asked, "credit") == []
    with pytest.raises(UnknownSelection, match="Did you mean"):
        find_leaks(asked, "credt")


def test_a_label_that_cannot_be_followed_is_said(state: Declarations) -> None:
    odd = Model("model.bank.labels", "labels", "select * from read_csv('labels.csv')")
    state = replace(state, models={**state.models, odd.unique_id: odd})
    with pytest.raises(CouldNotRun, match="cannot be told what the label of credit is made of"):
        find_leaks(asking(state, [own("applied_amount")], DEFAULTED), "credit")


def test_the_label_of_the_label_model_is_known(state: Declarations) -> None:
    missing = replace(state, models={k: m for k, m in state.models.items() if m.name not in LABELS})
    with pytest.raises(UnknownSelection, match="no model"):
        find_leaks(asking(missing, [own("applied_amount")], DEFAULTED), "credit")
