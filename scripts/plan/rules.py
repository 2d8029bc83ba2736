"""The rules by which monitors compare values, as the project's macros write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provender.errors import WrongValue
from provender.type_names import INTEGER_RANGES, normalise_type
from provender_ops.definitions.from_manifest import analysis_rows
from provender_ops.errors import CouldNotRun

ANALYSIS = "value_comparison"
NUMBER, TIME, CATEGORY = "number", "time", "category"


@dataclass(frozen=True, slots=True)
class Rules:
    """SQL with holes, by the name of the rule."""

    sql: Mapping[str, str]

    @classmethod
    def of_manifest(cls, path: Path) -> "Rules":
        """Read them from a manifest in which their analysis is compiled; raise CouldNotRun."""
        rows = analysis_rows(path, ANALYSIS)
        if not rows:
            raise CouldNotRun(
                f"The project has no analysis {ANALYSIS}: its Provender package is of another"
                " version than this command. Use the same on both sides."
            )
        return cls(dict(rows))

    @property
    def distances(self) -> str:
        """A SELECT of id, kind, d and psi over the two tables of subjects and values."""
        return self.sql["distances"]

    def sample_order(self, entity: str) -> str:
        """Return what the keys of an entity are sampled by: of a share, those that come first."""
        return self.sql[f"sample {entity}"]

    def differ(self, one: str, other: str, data_type: str, tolerance: float | None) -> str:
        """Return a condition: two values of a type differ."""
        within = "within " if tolerance else ""
        rule = self.sql[f"differ {within}{_numeric(data_type)}"]
        return _filled(rule, one=one, other=other, tolerance=repr(tolerance or 0))

    def observed(self, value: str, data_type: str) -> str:
        """Return the columns `number` and `category` of a value."""
        return _filled(self.sql[f"observed {class_of(data_type)}"], value=value)


def class_of(data_type: str) -> str:
    """Return how values of a declared type are compared: as numbers, times or categories."""
    if _numeric(data_type) != "other":
        return NUMBER
    return TIME if _spelt(data_type) in ("date", "timestamp") else CATEGORY


def _numeric(data_type: str) -> str:
    spelt = _spelt(data_type)
    if spelt in INTEGER_RANGES:
        return "integer"
    if spelt in ("double", "float"):
        return "double"
    return "decimal" if spelt.startswith("decimal") else "other"


def _spelt(data_type: str) -> str:
    try:
        return normalise_type(data_type)
    except WrongValue:
        return data_type


def _filled(rule: str, **holes: str) -> str:
    for name, sql in holes.items():
        rule = rule.replace(f"__{name}__", sql)
    return rule
