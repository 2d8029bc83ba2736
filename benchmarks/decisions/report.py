"""docs/benchmarks-decisions.md: page.md with the figures in it."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from statistics import median

from benchmarks.data import SCORES
from benchmarks.decisions.landing import Landing
from benchmarks.decisions.measured import Decisions
from benchmarks.decisions.record import BURST, Records
from benchmarks.decisions.watching import Watching
from benchmarks.markdown import machine, rows
from benchmarks.online.latency import Latency
from benchmarks.online.world import VIEWS

A_YEAR = 365 * 100_000  # decisions
Line = Sequence[str]


def page(decisions: Decisions) -> str:
    """Write the page."""
    template = (Path(__file__).parent / "page.md").read_text()
    return template.format_map(
        {
            **_setting(decisions),
            **_records(decisions.records),
            **_landing(decisions.landing),
            **_watching(decisions.watching),
        }
    )


def _setting(decisions: Decisions) -> Mapping[str, object]:
    return {
        "machine": machine(),
        "python": python_version(),
        "redis_py": version("redis"),
        "hiredis": version("hiredis"),
        "redis": decisions.redis["redis_version"],
        "features": len(SCORES) * len(VIEWS),
        "views": len(VIEWS),
        "calls": f"{decisions.calls:,}",
        "rounds": decisions.rounds,
        "burst": BURST,
    }


def _records(records: Mapping[str, Records]) -> Mapping[str, object]:
    any_of = next(iter(records.values()))
    return {
        "bytes": f"{any_of.bytes:,}",
        "stored": f"{any_of.stored:,.0f}",
        "a_year": f"{any_of.stored * A_YEAR / 1e9:.0f}",
        "million": f"{any_of.stored / 1e3:.1f}",
        "latency": rows(_latency(records)),
        "rates": rows(_rates(records)),
        "disk": rows(_disk(records)),
    }


def _landing(landing: Landing) -> Mapping[str, object]:
    read, taken, landed = (
        median(getattr(turn, each) for turn in landing.turns)
        for each in ("read", "taken", "landed")
    )
    ours = sum(landing.parts.values())
    return {
        "landed": f"{landing.decisions:,}",
        "read_seconds": f"{read:.2f}",
        "taken_seconds": f"{taken:.2f}",
        "landing_parts": rows([part, f"{seconds:.2f}"] for part, seconds in landing.parts.items()),
        "landing_ours": f"{ours:.1f}",
        "landing_least": f"{(ours + taken) / 2:.1f}",
        "landing_least_ratio": f"{(ours + taken) / 2 / read:.1f}",
        "landed_seconds": f"{landed:.2f}",
        "landed_ratio": f"{landing.ratio.median:.2f}",
        "landed_rate": f"{landing.decisions / landed:,.0f}",
        "landed_megabytes": f"{landing.megabytes:,.0f}",
        "landed_bytes": f"{landing.landed_bytes:,.0f}",
        "compact_bytes": f"{landing.compact_bytes:,.0f}",
        "compact_a_year": f"{landing.gigabytes_a_year:.1f}",
    }


def _watching(watching: Watching) -> Mapping[str, object]:
    return {
        "watched": f"{watching.decisions:,}",
        "customers": f"{watching.customers:,}",
        "watched_features": len(SCORES),
        "models": rows([name, f"{seconds:.1f}"] for name, seconds in watching.build.items()),
        "skew_seconds": f"{watching.skew:.1f}",
        "audited": f"{watching.audited:,}",
        "audit_seconds": f"{watching.audit:.2f}",
        "audit_most": f"{max(watching.audits):.2f}",
        "audits": len(watching.audits),
        "audit_command": f"{watching.command:.1f}",
    }


def _latency(records: Mapping[str, Records]) -> Iterable[Line]:
    for way, each in records.items():
        race = each.one_by_one
        yield [f"bare XADD, {way}", *_microseconds(Latency.median(race.floor)), "", "", ""]
        ratios = [f"{race.slower.p50:.2f}", f"{race.slower.p99:.2f}", "1.5"]
        yield [f"`record`, {way}", *_microseconds(Latency.median(race.ours)), *ratios]


def _rates(records: Mapping[str, Records]) -> Iterable[Line]:
    for way, each in records.items():
        rates = each.rates
        yield [f"bare XADD, {way}", f"{rates.median(rates.floor):,.0f}", "", ""]
        slower = f"{1 / rates.share:.2f}"
        yield [f"`record`, {way}", f"{rates.median(rates.ours):,.0f}", slower, "1.5"]


def _disk(records: Mapping[str, Records]) -> Iterable[Line]:
    each = next(iter(records.values()))
    yield ["to the spool, Redis being away", *_microseconds(each.spool)]
    yield ["to the journal", *_microseconds(each.journal)]


def _microseconds(latency: Latency) -> Line:
    return [f"{latency.p50 * 1e6:,.0f}", f"{latency.p99 * 1e6:,.0f}"]
