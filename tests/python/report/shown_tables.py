"""Whether a page shows what the catalog's tables hold, figure by figure."""

import json
import re
from typing import Any

import page_text
from page_text import Element
from support import DbtProject

DASH = "\N{EN DASH}"
SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 86400}
LIVE = ("freshness",)  # worked out when the page is written, in words of its own


def rows(project: DbtProject, sql: str) -> list[dict[str, Any]]:
    """Return rows of the published catalog."""
    found = project.published(f"select to_json(asked) from ({sql}) as asked")
    return [json.loads(row[0]) for row in found]


def number(text: str) -> float | None:
    """Return the number that a text begins with, None for a dash."""
    if text == DASH:
        return None
    found = re.match(r"[<-]? ?[\d ]*\.?\d+(e[-+]?\d+)?", text)
    assert found, text
    return float(found.group().replace(" ", "").lstrip("<"))


def is_shown(text: str, value: float | None, within: float = 0.0) -> bool:
    """Return whether a text says a number to four digits, or as near as `within`."""
    shown = number(text)
    if value is None or shown is None:
        return value is shown
    return abs(shown - value) <= max(within, 0.0006 * abs(value))


def moment(value: str | None) -> str:
    """Return a time of the catalog as the page writes it."""
    return DASH if value is None else value.removesuffix(":00") if value.count(":") == 2 else value


def check(page: Element, project: DbtProject) -> None:
    """Fail where the page and the tables differ."""
    _check_alerts(page, project)
    _check_views(page, project)
    _check_drift(page, project)
    _check_skew(page, project)
    _check_latency(page, project)
    _check_volume(page, project)
    _check_lineage(page, project)
    _check_contracts(page, project)


def _check_alerts(page: Element, project: DbtProject) -> None:
    shown = []
    for each in (card for held in page.all("ol", data_list="alerts") for card in held.all("li")):
        parts = {
            name: next(each.all(data_part=name)).text
            for name in ("monitor", "subject", "owner", "what_to_do")
        }
        feature = next((part.text for part in each.all(data_part="feature")), None)
        findings = [part.text for part in each.all(data_part="finding")]
        since = [part.text for part in each.all(data_part="since")]
        for finding, began in zip(findings, since, strict=True):
            shown.append({**parts, "feature": feature, "finding": finding, "since": began})
    held = rows(project, "from alerts")
    assert len(held) > 5
    assert {_alert(each) for each in shown} == {
        _alert({**each, "since": moment(each["since"])}) for each in held
    }
    figure = next(page.all("dd", data_figure="alerts"))
    assert number(figure.text) == len(held)


def _alert(found: dict[str, Any]) -> tuple[Any, ...]:
    known = [found[name] for name in ("monitor", "subject", "feature", "owner", "since")]
    if found["monitor"] in LIVE:
        return tuple(known)
    said = [found[name].replace("`", "") for name in ("finding", "what_to_do")]
    return (*known, *said)


def _check_views(page: Element, project: DbtProject) -> None:
    shown = {row["view"]: row for row in page_text.table(page, "views")}
    held = rows(project, "from freshness")
    assert shown.keys() == {f"{row['view']}@{row['version']}" for row in held}
    for row in held:
        cells = shown[f"{row['view']}@{row['version']}"]
        for name, column in (("age", "age_seconds"), ("sla", "freshness_sla_seconds")):
            assert is_duration(cells[name], row[column])
        assert is_duration(cells["ttl"], row["ttl_seconds"])
        assert cells["last_run"] == moment(row["last_run"])
        assert cells["online_run"] == moment(row["online_run"])
        expected = "expired" if row["is_expired"] else "late" if row["is_late"] else "ok"
        assert cells["state"] == expected


def is_duration(text: str, seconds: float) -> bool:
    shown, unit = text.split()
    size = SECONDS[unit]
    return abs(float(shown) - seconds / size) <= (0.5 if size < 3600 else 0.0501)


def _check_drift(page: Element, project: DbtProject) -> None:
    shown = {(row["feature"], row["population"]): row for row in page_text.table(page, "drift")}
    held = rows(project, "from drift")
    assert shown.keys() == {(row["feature"], row["population"]) for row in held}
    assert any(row["drifted"] for row in held)
    for row in held:
        cells = shown[row["feature"], row["population"]]
        assert cells["drifted"] == (row["drifted"] or row["not_compared"] or "no")
        for name in ("psi", "d"):
            assert is_shown(cells[name], row[name])
        for name in ("mean", "stddev"):
            _check_pair(cells[name], row[name], row[f"baseline_{name}"])
        for name in ("null_ratio", "absent_ratio"):
            ratios = [row[name], row[f"baseline_{name}"]]
            _check_pair(cells[name], *(None if r is None else 100 * r for r in ratios), within=0.05)
        assert is_shown(cells["row_count"], row["row_count"])
        assert is_shown(cells["baseline_row_count"], row["baseline_row_count"])


def _check_pair(text: str, now: float | None, was: float | None, within: float = 0.0) -> None:
    if now is None and was is None:
        assert text == DASH
        return
    first, second = text.split(", ")
    assert is_shown(first, now, within)
    assert is_shown(second, was, within)


def _check_skew(page: Element, project: DbtProject) -> None:
    shown = {(row["view"], row["feature"]): row for row in page_text.table(page, "skew")}
    held = rows(project, "from skew")
    assert len(shown) == len(held)
    assert any(row["online_wrong"] for row in held)
    for row in held:
        cells = shown[f"{row['view']}@{row['version']}", row["feature"] or "the whole row"]
        for name in ("compared", "online_wrong", "history_wrong", "missing", "extra", "of_no_run"):
            assert number(cells[name]) == row[name]
        assert is_shown(cells["largest_difference"], row["largest_difference"])
        assert cells["since"] == moment(row["since"])


def _check_latency(page: Element, project: DbtProject) -> None:
    shown = {(row["service"], row["period"]): row for row in page_text.table(page, "latency")}
    held = rows(project, "from read_latency")
    assert len(shown) == len(held)
    assert any(row["slow_waited_for"] for row in held)
    for row in held:
        day = row["starts_at"][:10]
        period = {"day": day, "window": f"since {day}"}.get(row["period"], row["period"])
        cells = shown[row["service"], period]
        for name in ("p50_ms", "p99_ms", "max_ms", "latency_budget_ms"):
            assert is_shown(cells[name], row[name], within=0.0501)
        for name in ("reads", "slow_reads"):
            assert number(cells[name]) == row[name]
        assert cells["slow_waited_for"] == (row["slow_waited_for"] or DASH)


def _check_volume(page: Element, project: DbtProject) -> None:
    shown = {
        (row["service"], row["day"]): number(row["decisions"])
        for row in page_text.table(page, "volume")
    }
    held = project.published(
        "select service, cast(cast(decided_at as date) as varchar), count(*) from decisions"
        " group by all"
    )
    assert shown == {(service, day): count for service, day, count in held}


def _check_lineage(page: Element, project: DbtProject) -> None:
    edges = {
        (row["node"], above)
        for held in page.all("table", data_table="lineage")
        for row in page_text.rows_of(held)
        for above in row["built_on"].split(", ")
        if above != DASH
    }
    assert edges == {
        (_name(node), _name(above)) for node, above in project.published("from lineage")
    }
    assert ("credit", "spend@1") in edges
    assert ("stg_orders", "shop.orders") in edges


def _name(unique_id: str) -> str:
    name = ".".join(unique_id.split(".")[2:])
    return f"{name}@1" if name in ("spend", "profile", "visits") else name


def _check_contracts(page: Element, project: DbtProject) -> None:
    for view in rows(project, "from feature_views"):
        label = f"{view['view']}@{view['version']}"
        (contract,) = page.all("details", data_contract=label)
        assert view["description"] in contract.text
        features = page_text.rows_of(next(contract.all("table", data_table="features")))
        held = rows(
            project,
            "select f.*, null_ratio from features as f left join null_ratios using (view, version,"
            f" feature) where view = '{view['view']}' order by position",
        )
        assert [row["feature"] for row in features] == [row["feature"] for row in held]
        for cells, row in zip(features, held, strict=True):
            assert cells["data_type"] == row["data_type"]
            assert cells["default_value"] == (row["default_value"] or DASH)
            assert cells["null_is"] == ("null" if row["null_is"] == "null" else "the default")
            most = 0.05 if row["max_null_ratio"] is None else row["max_null_ratio"]
            assert is_shown(cells["max_null_ratio"], 100 * most, within=0.05)
            ratio = row["null_ratio"]
            assert is_shown(cells["null_ratio"], None if ratio is None else 100 * ratio, 0.05)
