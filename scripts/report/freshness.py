"""How old the views are, now and over time."""

from provender_ops.report import charts, shown
from provender_ops.report.facts import Facts
from provender_ops.report.tables import Cell, Figure, Table, Tone, cells
from provender_ops.report.timeline import WINDOW
from provender_ops.standing import Standing
from provender_ops.status_report import GOOD


def views_table(facts: Facts) -> Table:
    """Return each view as it stands now."""
    shares = {(each.view, each.version): each for each in facts.timelines}
    rows = []
    for view in facts.views:
        line = shares.get((view.view, view.version))
        rows.append(
            cells(
                view=view.label,
                state=Cell(view.state, state_tone(view)),
                owner=shown.text(view.owner),
                age=shown.duration(None if view.age is None else view.age.total_seconds()),
                sla=shown.duration(view.sla.total_seconds()),
                ttl=shown.duration(view.ttl.total_seconds()),
                last_run=shown.moment(view.last_run),
                online_run=shown.moment(view.online_run),
                within_sla=shown.percent(line.within_sla if line else None),
                within_ttl=shown.percent(line.within_ttl if line else None),
            )
        )
    columns = {
        **{"view": "View", "state": "State", "owner": "Owner", "age": "Age", "sla": "SLA"},
        **{"ttl": "ttl", "last_run": "Last run", "online_run": "Online run"},
        **{"within_sla": "Time within SLA", "within_ttl": "Time within ttl"},
    }
    numbers = frozenset({"age", "sla", "ttl", "within_sla", "within_ttl"})
    caption = f"Each view now; shares are of the last {WINDOW.days} days. Times are UTC."
    return Table("views", caption, columns, rows, numbers)


def state_tone(view: Standing) -> Tone:
    """Return the tone of a state."""
    if view.state == "ok":
        return "ok"
    return "quiet" if view.state in GOOD else "bad"


def age_charts(facts: Facts) -> list[Figure]:
    """Return a chart for each view that was ever readable, those in trouble first."""
    lines = {(each.view, each.version): each for each in facts.timelines}
    drawn = [view for view in facts.views if (view.view, view.version) in lines]
    since = min((line.points[0][0] for line in lines.values()), default=facts.now)
    found = []
    for view in sorted(drawn, key=lambda view: (view.state in GOOD, view.label)):
        line = lines[view.view, view.version]
        about = (
            f"{shown.duration(view.age.total_seconds() if view.age else 0.0)} old; SLA"
            f" {shown.duration(view.sla.total_seconds())}, ttl"
            f" {shown.duration(view.ttl.total_seconds())}; within SLA"
            f" {shown.percent(line.within_sla)} of the time"
        )
        svg = charts.draw_age(view, line, since)
        is_well = view.state in GOOD
        found.append(Figure(svg, view.label, about, view.state, "" if is_well else "bad"))
    return found
