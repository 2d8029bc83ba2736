"""A view's compiled SQL over rows of ours, in a DuckDB of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from provender_ops.errors import BadInput

Row = Mapping[str, Any]
Tables = Mapping[str, Mapping[str, str]]


class Lab:
    """Empty tables under the names that compiled SQL has for them, to be filled and asked."""

    def __init__(self, tables: Tables) -> None:
        """`tables`: relation names in double quotes, each with its columns and their types."""
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("set timezone = 'UTC'")
        self._tables = tables
        for relation, columns in tables.items():
            self._create(relation, columns)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def run(self, sql: str, rows: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
        """Fill the tables with these rows, and only these, in this order; return what SQL gives."""
        for relation in self._tables:
            self._connection.execute(f"truncate {relation}")
            self._insert(relation, rows.get(relation, ()))
        cursor = self._execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def types(self, sql: str) -> dict[str, str]:
        """Return the columns of a query and their types; raise BadInput with what is wrong."""
        cursor = self._execute(f"describe {sql}")
        return {str(row[0]): str(row[1]).lower() for row in cursor.fetchall()}

    def _create(self, relation: str, columns: Mapping[str, str]) -> None:
        table = exp.to_table(relation, dialect="duckdb")
        if table.catalog and table.catalog != "memory":
            self._connection.execute(f"attach if not exists ':memory:' as {_quoted(table.catalog)}")
        place = ".".join(_quoted(name) for name in (table.catalog, table.db) if name)
        if place:
            self._connection.execute(f"create schema if not exists {place}")
        typed = ", ".join(f"{_quoted(name)} {type_}" for name, type_ in columns.items())
        self._connection.execute(f"create table {relation} ({typed})")

    def _insert(self, relation: str, rows: Sequence[Row]) -> None:
        columns = [name for name in self._tables[relation] if any(name in row for row in rows)]
        if not columns:
            return
        named = ", ".join(_quoted(name) for name in columns)
        holes = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
        values = [row.get(name) for row in rows for name in columns]
        self._connection.execute(f"insert into {relation} ({named}) values {holes}", values)

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise BadInput(f"{_said(error)} Correct it, or declare the column it needs.") from None


def read_tables(sql: str) -> list[str]:
    """Return the tables that a query reads, as `"database"."schema"."name"`, each once."""
    parsed = sqlglot.parse_one(sql, read="duckdb")
    ctes = {cte.alias for cte in parsed.find_all(exp.CTE)}
    named = [
        table for table in parsed.find_all(exp.Table) if isinstance(table.this, exp.Identifier)
    ]
    tables = [table for table in named if table.name not in ctes or table.db]
    return list(dict.fromkeys(_relation(table) for table in tables))


def _relation(table: exp.Table) -> str:
    return ".".join(_quoted(part) for part in (table.catalog, table.db, table.name) if part)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _said(error: duckdb.Error) -> str:
    """Return DuckDB's own sentence, without the place in SQL that nobody wrote."""
    lines: Iterable[str] = str(error).split("\n\nLINE", 1)[0].splitlines()
    text = " ".join(line.strip() for line in lines if line.strip())
    return text if text.endswith((".", "!", "?")) else f"{text}."
