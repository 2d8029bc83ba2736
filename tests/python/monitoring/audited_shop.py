"""A shop whose decisions are watched: runs, what was served of them, and the monitors over both."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from landed_log import LoggedDecision, ServedView
from support import REPO, DbtProject

PROJECT = Path(__file__).parents[1] / "kernel/project"
DAY = datetime(2026, 3, 2)
MONITORS = ("decision_witnesses", "skew", "wrong_decisions", "training_set_skew")
Change = Callable[[LoggedDecision, ServedView], ServedView]
Found = dict[str, Any]


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


ORDERS = [
    ("1", "c1", "10.50", at(7)),
    ("2", "c2", "3.00", at(7)),
    ("3", "c1", "4.25", at(9, 30)),
]
TOLERANT = "{default: 0, null_is: default, tolerance: 0.5}"
SERVICE = """
exposures:
  - name: offers
    type: ml
    owner: {name: Shop}
    depends_on: [ref('spend'), ref('typed')]
    config: {meta: {feature_service: {latency_budget: 20ms}}}
"""


TRAINED = """
select * from {{ provender.point_in_time_join(
    spine="(select 'c1' as customer_id, timestamp '2026-03-02 10:30' as as_of)", views=['spend'],
    features=['orders_7d']
) }} as joined
"""
TYPED = {
    **{"count": "cast(3 as integer)", "big": "cast(9223372036854775807 as bigint)"},
    **{"ratio": "cast(0.1 as double)", "huge": "cast(1e22 as double)"},
    **{"nan": "cast('NaN' as double)", "small": "cast(0.1 as float)"},
    "amount": "cast(12.30 as decimal(18, 2))",
    "name": """cast('Zoë "x" it''s' as varchar)""",
    **{"flag": "cast(true as boolean)", "born": "cast('0001-01-01' as date)"},
    **{"seen": "cast('2026-01-02 03:04:05.000006' as timestamp)"},
    **{"nothing": "cast(null as integer)", "recency": "cast(null as integer)"},
}
TYPES = {name: sql.rpartition(" as ")[2][:-1] for name, sql in TYPED.items()}
DECLARED = {"recency": "{default: 30, null_is: default}"}


class Shop:
    """A shop with runs at 08:00 and 10:00, and decisions made on them every ten minutes."""

    def __init__(self, project: DbtProject) -> None:
        self.project = project

    @classmethod
    def built(cls, folder: Path) -> "Shop":
        shop = cls(DbtProject(PROJECT, folder))
        shop.begin(folder)
        return shop

    def copy(self, folder: Path) -> "Shop":
        """Return another that was the same until now."""
        shutil.copytree(self.project.folder, folder)
        project = object.__new__(DbtProject)
        project.folder, project.database = folder, folder / "store.duckdb"
        return Shop(project)

    def begin(self, folder: Path) -> None:
        """Declare everything, and build it at eight and at ten."""
        shutil.copytree(REPO / "models/decisions", folder / "models/decisions")
        shutil.copytree(REPO / "models/monitoring", folder / "models/monitoring")
        (folder / "models/exposures.yml").write_text(SERVICE)
        (folder / "models/trained.sql").write_text(TRAINED)
        (folder / "models/trained.yml").write_text(
            "models: [{name: trained, config: {meta: {publish: true}}}]"
        )
        self.project.edit("models/spend.yml", "{default: 0, null_is: default}", TOLERANT)
        self.add_typed_view(folder)
        self.project.write("shop.switch", [{"test_fails": False, "history_fails": False}])
        self.write_orders()
        for hour in (8, 10):
            self.build("tag:minutes", "customer", "stg_orders", as_of=at(hour))

    def add_typed_view(self, folder: Path) -> None:
        """Add a view with a feature of each type."""
        columns = "".join(
            f"      - {{name: {name}, data_type: '{kind}', config:"
            f" {{meta: {{feature: {DECLARED.get(name, '{default: null}')}}}}}}}\n"
            for name, kind in TYPES.items()
        )
        config = (folder / "models/spend.yml").read_text().partition("  - name: spend\n")[2]
        config = config.partition("    columns:")[0]
        (folder / "models/typed.yml").write_text(
            f"models:\n  - name: typed\n{config}    columns:\n"
            "      - {name: customer_id, data_type: varchar}\n"
            f"      - {{name: as_of, data_type: timestamp}}\n{columns}"
        )
        values = ", ".join(f"{sql} as {name}" for name, sql in TYPED.items())
        (folder / "models/typed.sql").write_text(
            f"select customer_id, as_of, {values} from {{{{ provender.spine('customer') }}}}"
        )
        history = (folder / "snapshots/spend_history.yml").read_text()
        (folder / "snapshots/typed_history.yml").write_text(history.replace("spend", "typed"))

    def build(self, *select: str, as_of: datetime, **variables: object) -> None:
        run = self.project.build(
            "--select",
            *select,
            "--exclude",
            "test_name:nothing_found",
            as_of=as_of.isoformat(),
            **variables,
        )
        assert run.code == 0, run.output

    def write_orders(self) -> None:
        names = ("order_id", "customer_id", "amount", "occurred_at", "loaded_at")
        rows = [(number, who, Decimal(paid), known, known) for number, who, paid, known in ORDERS]
        self.project.write("shop.orders", [dict(zip(names, row, strict=True)) for row in rows])

    def decisions(self, service: str, change: Change, until: datetime) -> list[LoggedDecision]:
        """Each customer each ten minutes, given what history has of the run that was online."""
        made = []
        for minute in range(10, (until - at(8)) // timedelta(minutes=1), 10):
            decided_at = at(8, minute)
            for who, view in self.served(at(8) if decided_at < at(10) else at(10)):
                name = f"{service}-{who}-{minute}"
                one = LoggedDecision(name, decided_at, {"customer_id": who}, [], service)
                made.append(replace(one, views=[change(one, view)]))
        return made

    def served(self, run: datetime) -> list[tuple[str, ServedView]]:
        rows = self.project.query(
            "select customer_id, orders_7d, coalesce(spend_7d, 0) from spend_history where"
            f" valid_from <= '{run}' and (valid_to is null or valid_to > '{run}') order by 1"
        )
        nobody = ServedView("spend", run, spend_of(0, Decimal("0.00")), status="missing")
        found = [(who, ServedView("spend", run, spend_of(*values))) for who, *values in rows]
        return [*found, ("c0", nobody)]

    def rows(self, where: str) -> list[Found]:
        with duckdb.connect(str(self.project.database), read_only=True) as store:
            cursor = store.execute(f"from skew where {where} order by feature")
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def found(self, service: str) -> list[Found]:
        """What is found of a service."""
        return self.rows(f"finding is not null and service = '{service}'")


def spend_of(orders: int, spent: Decimal) -> dict[str, tuple[str, Any]]:
    return {"orders_7d": ("integer", orders), "spend_7d": ("decimal(18,2)", spent)}
