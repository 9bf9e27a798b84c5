"""Statements that Peewee compiles once to SQL, and that run many times with different values.

Peewee takes about 100 µs to build a query and 3 µs to run it. So a store describes all its statements in its
constructor, with `param("name")` in the place of each value, and runs them with values of those names. The first run
compiles the statement:

    by_id = Statement(database, UserRow.select(UserRow.username).where(UserRow.id == param("id")))
    by_id.one(id=7)  # ('ann',), or None

This module knows neither the databases nor the tables.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Protocol

from peewee import (
    SQL,
    Context,
    InterfaceError,
    InternalError,
    Node,
    NodeList,
    OperationalError,
    Value,
)
from peewee import __exception_wrapper__ as driver_errors  # type: ignore[attr-defined]  # the stubs leave it out

from minichat.domain.errors import Unavailable

__all__ = [
    "OUTAGE_ERRORS",
    "Executor",
    "Row",
    "Statement",
    "driver_errors",
    "param",
    "params",
    "translate_errors",
]

Row = tuple[Any, ...]


class Executor(Protocol):
    """The part of a database that a statement needs: it compiles a query and executes SQL."""

    def get_sql_context(self) -> Context: ...

    def execute_sql(self, sql: str, params: Any = None) -> Any: ...

    def execute_lagging(self, sql: str, params: Any = None) -> Any: ...


OUTAGE_ERRORS = (OperationalError, InterfaceError, InternalError)
"""The errors that Peewee raises if the database is locked, full, unreadable or unreachable."""
_CONFLICTS = frozenset({"40001", "40P01"})
"""The SQLSTATEs of serialization failures and deadlocks: PostgreSQL's manual, appendix A."""


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise Unavailable for each error of `OUTAGE_ERRORS`."""
    try:
        yield
    except OUTAGE_ERRORS as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> Unavailable:
    """Return the error of the domain for one of `OUTAGE_ERRORS`."""
    cause: object = error
    while hasattr(cause, "orig"):  # Peewee wraps the driver's error, sometimes twice
        cause = cause.orig
    return Unavailable(str(cause), is_conflict=getattr(cause, "sqlstate", None) in _CONFLICTS)


class _Param:
    """The placeholder of a named value in a compiled statement."""

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> Value:
    """Return the placeholder of a parameter in a query."""
    return Value(_Param(name), converter=False)


def params(names: Iterable[str]) -> dict[str, Value]:
    """Return a parameter for each name: the values of an INSERT or UPDATE."""
    return {name: param(name) for name in names}


class Statement:
    """One SQL statement with named parameters. Running it raises Unavailable if the database does not answer."""

    def __init__(self, database: Executor, query: Node, *, may_lag: bool = False) -> None:
        """With `may_lag`, the statement may read from a replica, which lags behind."""
        self._database = database
        self._may_lag = may_lag
        self._query = query

    @cached_property
    def _compiled(self) -> tuple[str, list[tuple[str | None, Any]]]:
        """The SQL, and for each of its placeholders the name of a parameter, or None and a constant."""
        sql, params = self._database.get_sql_context().sql(self._query).query()
        return sql, [(value.name if isinstance(value, _Param) else None, value) for value in params]

    @property
    def sql(self) -> str:
        return self._compiled[0]

    @classmethod
    def of_text(cls, database: Executor, text: str) -> "Statement":
        """Return a statement of SQL text, with `:name` for each parameter."""
        parts = re.split(r"(?<!:):([a-z_]+)", text)
        nodes = [param(part) if number % 2 else SQL(part) for number, part in enumerate(parts)]
        return cls(database, NodeList(nodes, glue=""))

    def _execute(self, values: dict[str, Any]) -> Any:
        sql, places = self._compiled
        params = [constant if name is None else values[name] for name, constant in places]
        if self._may_lag:
            return self._database.execute_lagging(sql, params)
        return self._database.execute_sql(sql, params)

    def rows(self, **values: Any) -> list[Row]:
        """Return all rows of the result."""
        try:
            with driver_errors:
                rows: list[Row] = self._execute(values).fetchall()
        except OUTAGE_ERRORS as error:
            raise unavailable(error) from error
        return rows

    def one(self, **values: Any) -> Row | None:
        """Return the first row, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def run(self, **values: Any) -> int:
        """Run the statement; return how many rows it changed."""
        try:
            count: int = self._execute(values).rowcount
        except OUTAGE_ERRORS as error:
            raise unavailable(error) from error
        return count
