"""docs/benchmarks-online.md: page.md with the figures in it."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from benchmarks.data import SCORES
from benchmarks.markdown import machine, rows, spread
from benchmarks.online.freshness import TOUCHED, Freshness
from benchmarks.online.latency import Latency, Race
from benchmarks.online.layouts import Measured
from benchmarks.online.measured import Online
from benchmarks.online.published import NIGHTS
from benchmarks.online.push import CHANGED, Pushed
from benchmarks.online.rate import WITHIN, Rate, fewest
from benchmarks.online.reads import BATCH, IN_FLIGHT, Reads
from benchmarks.online.world import VIEWS

Line = Sequence[str]


def page(online: Online) -> str:
    """Write the page."""
    template = (Path(__file__).parent / "page.md").read_text()
    return template.format_map({**_setting(online), **_figures(online), **_tables(online)})


def _setting(online: Online) -> Mapping[str, object]:
    amount = online.amount
    return {
        "machine": machine(),
        "python": python_version(),
        "redis_py": version("redis"),
        "hiredis": version("hiredis"),
        "redis": online.redis["redis_version"],
        "allocator": online.redis["mem_allocator"],
        "entities": f"{amount.entities:,}",
        "features": len(SCORES),
        "all_features": len(SCORES) * len(VIEWS),
        "rounds": amount.calls.rounds,
        "in_flight": IN_FLIGHT,
        "wanted": f"{amount.rate:,.0f}",
        "seconds": f"{amount.seconds:.0f}",
        "runs": NIGHTS + 1,
        "rounds_of_events": amount.events,
        "touched": f"{TOUCHED:.0%}",
        "imports": amount.imports,
    }


def _figures(online: Online) -> Mapping[str, object]:
    pushed, light = online.pushed, online.light
    busy = sum(pushed.parts.values())
    return {
        "history": f"{pushed.history:,}",
        "start": f"{pushed.start:.1f}",
        "bytes": f"{pushed.sent / 1e6:.0f}",
        "busy": f"{busy:.1f}",
        "least": f"{busy / 2:.1f}",
        "least_ratio": f"{busy / 2 / pushed.full.seconds('stream').median:.1f}",
        "used": f"{pushed.used / 1e6:.0f}",
        "used_binary": f"{pushed.used / 2**20:.0f}",
        "entity": f"{pushed.used / online.amount.entities:.0f}",
        "events": f"{online.freshness.events:,}",
        "import_ours": f"{light.seconds['provender'] * 1e3:.0f}",
        "import_redis": f"{light.seconds['redis'] * 1e3:.0f}",
        "lines": f"{light.lines:,}",
        "files": light.files,
        "fewest": _fewest(online),
        "http": f"{online.http.per_second:,.0f}",
        "http_p50": f"{online.http.load.p50_ms:.1f}",
        "http_p99": f"{online.http.load.p99_ms:.1f}",
        "http_connections": online.http.connections,
        "http_cpu": f"{online.http.cpu_us:.0f}",
        "http_core": f"{online.http.per_cpu_second:,.0f}",
    }


def _tables(online: Online) -> Mapping[str, str]:
    return {
        "reads": rows(_reads(online.reads)),
        "rates": rows(_in_flight(online.reads)),
        "processes": rows(map(_processes, online.rates)),
        "push": rows(_push(online.pushed)),
        "later": rows(_later(online.pushed)),
        "parts": rows([part, f"{seconds:.2f}"] for part, seconds in online.pushed.parts.items()),
        "layouts": rows(_layouts(online.layouts, online.amount.entities)),
        "freshness": rows(_freshness(online.freshness)),
    }


def _reads(reads: Reads) -> Iterable[Line]:
    for way, race in reads.single.items():
        yield from _race(race, f"MGET of {len(VIEWS)} rows, {way}", f"`get`, {way}", "1.3")
    for way, race in reads.batch.items():
        floor = f"MGET of {BATCH * len(VIEWS)} rows, {way}"
        yield from _race(race, floor, f"`get_many` of {BATCH}, by columns, {way}", "2")
        *_, objects = _race(reads.objects[way], floor, f"the same, by objects, {way}", "")
        yield objects


def _race(race: Race, floor: str, ours: str, target: str) -> Iterable[Line]:
    slower = race.slower
    yield [floor, *_microseconds(Latency.median(race.floor)), "", "", ""]
    figures = _microseconds(Latency.median(race.ours))
    yield [ours, *figures, f"{slower.p50:.2f}", f"{slower.p99:.2f}", target]


def _microseconds(latency: Latency) -> Line:
    return [f"{latency.p50 * 1e6:,.0f}", f"{latency.p99 * 1e6:,.0f}"]


def _in_flight(reads: Reads) -> Iterable[Line]:
    for way, rates in reads.in_flight.items():
        yield [f"bare MGET, {way}", f"{rates.median(rates.floor):,.0f}", "", ""]
        yield [f"`get`, {way}", f"{rates.median(rates.ours):,.0f}", f"{rates.share:.2f}", "0.75"]


def _processes(rate: Rate) -> Line:
    return [
        str(rate.processes),
        f"{rate.reads:,.0f}",
        f"{rate.latency.p50 * 1e3:.2f}",
        f"{rate.latency.p99 * 1e3:.2f}",
        f"{WITHIN * 1e3:.0f}",
        f"{rate.cpu:.2f}",
    ]


def _fewest(online: Online) -> str:
    found = fewest(online.rates, online.amount.rate)
    if found is None:
        return "None of these held the rate and the p99 here."
    return f"It takes {found.processes} {'process' if found.processes == 1 else 'processes'} here."


def _push(pushed: Pushed) -> Iterable[Line]:
    full = pushed.full
    yield ["the rows as a stream", spread(full.seconds("stream")), "", "", "", ""]
    slower, megabytes = full.slower("push", "stream"), full.megabytes("push")
    figures = [spread(full.seconds("push")), spread(slower), "2", f"{megabytes.most:.0f}", "700"]
    yield ["`push-online`", *figures]


def _later(pushed: Pushed) -> Iterable[Line]:
    full = pushed.full.seconds("push").median
    for name, what, target in [
        ("changed", f"after a run that changed {CHANGED:.0%}", "3%"),
        ("nothing", "after no run", ""),
    ]:
        seconds = pushed.later.seconds(name)
        yield [what, spread(seconds), f"{seconds.median / full:.1%}", target]


def _layouts(layouts: Sequence[Measured], entities: int) -> Iterable[Line]:
    for each in layouts:
        megabytes = each.row * entities * len(VIEWS) / 1e6
        yield [each.layout, f"{each.row:.0f}", f"{megabytes:.0f}", f"{each.read.p50 * 1e6:.0f}"]


def _freshness(freshness: Freshness) -> Iterable[Line]:
    for what, seconds, target in [
        ("built", freshness.built, ""),
        ("seen by a reader", freshness.seen, "120"),
    ]:
        yield [what, f"{seconds.median:.1f}", f"{seconds.most:.1f}", target]
    late = [f"{seconds + 60:.1f}" for seconds in (freshness.seen.median, freshness.seen.most)]
    yield ["seen, when it came just after a schedule of each minute began", *late, "120"]
