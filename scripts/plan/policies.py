"""What a changed policy of a view means: ttl, SLA, classification and the like."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provender_ops.definitions.declarations import View
from provender_ops.plan.change import Change, duration, shown

HERE = "model"  # where `declared_in` says that a policy stands in the view's own YAML
SENSITIVITY = {"public": 0, "internal": 1, "pii": 2, "pci": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a policy: `loosened`, `tightened`, `dropped` …, and why it counts."""

    what: str
    is_breaking: bool
    why: str


Judge = Callable[[Any, Any], Judged]


@dataclass(frozen=True, slots=True)
class Policy:
    """How changes of one policy are judged. `key` is the registry's, `name` the YAML's."""

    key: str
    name: str
    judge: Judge
    show: Callable[[Any], Any] = field(default=lambda value: value)


def policy_changes(old: View, new: View) -> Iterator[Change]:
    """Yield what changed of the policies of a view version."""
    for policy in POLICIES:
        was, becomes = old.policies.get(policy.key), new.policies.get(policy.key)
        if was != becomes:
            yield _change(policy, new, was, becomes, policy.judge(was, becomes))
        elif becomes is not None and _moved(old, new, policy.name):
            yield _declared_elsewhere(policy, old, new, policy.show(becomes))


def _change(policy: Policy, view: View, was: Any, becomes: Any, judged: Judged) -> Change:
    return Change(
        subject=view.label,
        kind=f"{policy.name} {judged.what}",
        is_breaking=judged.is_breaking,
        why=judged.why + _from(view, policy.name, becomes),
        old=policy.show(was),
        new=policy.show(becomes),
        views=(view.label,),
    )


def _from(view: View, name: str, value: Any) -> str:
    """Say where the value comes from, if not from the view's own YAML."""
    origin = view.declared_in.get(name, HERE)
    return "" if origin == HERE or value is None else f" It comes from {origin}."


def _moved(old: View, new: View, name: str) -> bool:
    places = old.declared_in.get(name), new.declared_in.get(name)
    return None not in places and places[0] != places[1]


def _declared_elsewhere(policy: Policy, old: View, new: View, value: Any) -> Change:
    was, becomes = _place(old, policy.name), _place(new, policy.name)
    return Change(
        subject=new.label,
        kind=f"{policy.name} declared elsewhere",
        is_breaking=False,
        why=f"It is {shown(value)} as before, and {becomes} says so.",
        old=was,
        new=becomes,
        views=(new.label,),
    )


def _place(view: View, name: str) -> str:
    origin = view.declared_in[name]
    return "the view's own YAML" if origin == HERE else origin


def _longer_is_looser(dropped: str, looser: str, tighter: str) -> Judge:
    def judge(was: int | None, becomes: int | None) -> Judged:
        if becomes is None:
            return Judged("dropped", True, dropped)
        if was is None or becomes < was:
            return Judged("tightened", False, tighter.format(duration(becomes)))
        return Judged("loosened", True, looser.format(duration(becomes)))

    return judge


def _lag(was: int | None, becomes: int | None) -> Judged:
    if becomes is None:
        return Judged("dropped", True, "Nothing says when a backfilled value was readable.")
    if was is None or becomes > was:
        why = f"A backfilled value counts as readable {duration(becomes)} after its as_of, later."
        return Judged("tightened", False, why)
    why = (
        f"A backfilled value counts as readable {duration(becomes)} after its as_of:"
        " training sets get it for moments at which they were told it was not there."
    )
    return Judged("loosened", True, why)


def _retention(was: int | None, becomes: int | None) -> Judged:
    if becomes is None or (was is not None and becomes > was):
        return Judged("lengthened", False, "History is kept longer.")
    why = (
        f"`provender.cut_history` deletes what is older than {duration(becomes)}: audits and"
        " training sets reach no further back."
    )
    return Judged("shortened", True, why)


def _otherwise(_: str | None, becomes: str | None) -> Judged:
    if becomes is None:
        return Judged("dropped", True, "Nothing says what readers get when there is no value.")
    meaning = {
        "default": "are given the default, in silence",
        "fail": "are given an error",
    }.get(becomes, f"are given what `{becomes}` says")
    why = (
        f"Where there is no value (missing, expired, not computed, unavailable), readers {meaning}."
    )
    return Judged("changed", True, why)


def _classification(was: str | None, becomes: str | None) -> Judged:
    if becomes is None:
        return Judged("dropped", True, "Nothing says how sensitive the values are.")
    before, after = SENSITIVITY.get(was or "", -1), SENSITIVITY.get(becomes, -1)
    if after > before:
        why = (
            "Nobody is given less by this alone; whether decisions still log the values is told"
            " as `log_values`."
        )
        return Judged("raised", False, why)
    if after < before:
        why = f"What was kept as {was} may be logged, pushed and exported as {becomes}."
        return Judged("lowered", True, why)
    return Judged("changed", True, f"The rules of {was} do not protect it any more.")


def _log_values(_: bool | None, becomes: bool | None) -> Judged:
    if becomes:
        return Judged("switched on", True, "Decisions are logged with the values in clear.")
    why = (
        "Decisions are logged with keyed hashes of the values: audits, drift and skew of what was"
        " served can only tell whether two are equal."
    )
    return Judged("switched off", True, why)


def _backfill(_: str | None, becomes: str | None) -> Judged:
    if becomes == "recompute":
        return Judged("allowed", False, "The past of the view may be filled.")
    return Judged("dropped", True, "The past of the view cannot be filled any more.")


def _reason(_: str | None, __: str | None) -> Judged:
    return Judged("documented", False, "Words only.")


POLICIES = (
    Policy(
        "ttl_seconds",
        "ttl",
        _longer_is_looser(
            "Nothing says when a value is too old to be served; null is never for ever.",
            "Values that were expired are served, until they are {} old.",
            "Values older than {} are expired: readers get what `otherwise` says.",
        ),
        duration,
    ),
    Policy(
        "freshness_sla_seconds",
        "freshness_sla",
        _longer_is_looser(
            "Nobody is told any more that values are late.",
            "Values that were stale count as fresh, until they are {} old.",
            "Values older than {} are flagged stale.",
        ),
        duration,
    ),
    Policy("otherwise", "otherwise", _otherwise),
    Policy("classification", "classification", _classification),
    Policy("log_values", "log_values", _log_values),
    Policy("lag_seconds", "lag", _lag, duration),
    Policy("backfill", "backfill", _backfill),
    Policy("backfill_reason", "backfill_reason", _reason),
    Policy("retention_seconds", "retention", _retention, duration),
)


def known_policies() -> Mapping[str, str]:
    """Return the registry's name of each policy that is compared, by the YAML's."""
    return {policy.name: policy.key for policy in POLICIES}
