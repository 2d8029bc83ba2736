"""The relations that compiled SQL names, over Parquet files; and whether two answers are one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from benchmarks.project import Project

BY_HAND = Path(__file__).parent / "by_hand"
JOIN = {
    "labels.spine": "spine",
    "main.scores_history": "history",
    "main_provender.run_log": "run_log",
    "main_provender.push_log": "push_log",
    "main_provender.landed": "landed",
}
WINDOWS = {
    "labels.spine": "spine",
    "main.stg_payments": "payments",
    "main.customer": "customers",
    "main_provender.landed": "landed",
}


def over(files: Mapping[str, Path], relations: Mapping[str, str]) -> list[str]:
    """Return the statements that put each relation over its file."""
    return [
        "attach ':memory:' as store",
        "use store",
        "create schema labels",
        "create schema main_provender",
        "create table main_provender.cut_log (view text, version integer, kept_from timestamp)",
        *(
            f"create view {relation} as from read_parquet('{files[name]}')"
            for relation, name in relations.items()
        ),
    ]


def over_join_files(files: Mapping[str, Path], project: Project) -> list[str]:
    """The same with the registry's view of the logs, as dbt compiled it."""
    availability = project.compiled("run_availability")
    return [*over(files, JOIN), f"create view main.run_availability as {availability}"]


def by_hand(name: str) -> str:
    """Return a query that somebody who knows DuckDB wrote for the same answer."""
    return (BY_HAND / f"{name}.sql").read_text()


def to_parquet(sql: str, path: Path) -> str:
    """Return the statement that writes a query's answer."""
    return f"copy (\n{sql}\n) to '{path}' (format parquet)"


def refuse_other_answer(
    name: str, ours: str, floor: str, columns: Sequence[str] = (), prepare: Sequence[str] = ()
) -> None:
    """End the benchmark when two relations differ in a type, a row or a cell."""
    asked = ", ".join(columns) or "*"
    with duckdb.connect() as connection:
        for sql in prepare:
            connection.execute(sql)
        one, other = (f"select {asked} from {relation}" for relation in (ours, floor))
        types = [connection.sql(f"describe {sql}").fetchall() for sql in (one, other)]
        ((differing,),) = connection.sql(
            f"select (select count(*) from ({one} except all {other}))"
            f" + (select count(*) from ({other} except all {one}))"
        ).fetchall()
    if types[0] != types[1]:
        raise SystemExit(f"{name}: other types, {types[0]} and {types[1]}")
    if differing:
        raise SystemExit(f"{name}: {differing} rows differ from those of the SQL by hand")
