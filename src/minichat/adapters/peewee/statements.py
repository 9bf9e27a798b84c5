"""Queries compiled once: Peewee builds the SQL, this keeps it and fills in the values.

Building a query costs Peewee about 100 µs and running it 3, so every statement of the adapters is built when its
repository is, with `param("name")` where a value belongs, and then run with those names:

    by_id = Statement(database, UserRow.select(UserRow.username).where(UserRow.id == param("id")))
    by_id.one(id=7)  # ('ann',), or None
"""

from typing import Any

from peewee import (
    SQL,
    Database,
    InterfaceError,
    InternalError,
    Node,
    NodeList,
    OperationalError,
    Value,
)
from peewee import __exception_wrapper__ as driver_errors  # type: ignore[attr-defined]  # the stubs leave it out

from minichat.domain.errors import Unavailable

__all__ = ["AWAY", "Row", "Statement", "driver_errors", "each_of", "param"]

Row = tuple[Any, ...]

AWAY = (OperationalError, InterfaceError, InternalError)
"""What Peewee raises when the database can't answer: locked, full, unreadable or gone."""


class _Param:
    """Stands in a compiled statement for the value of that name."""

    def __init__(self, name: str) -> None:
        self.name = name


def param(name: str) -> Value:
    """A place in a query that is filled when it runs."""
    return Value(_Param(name), converter=False)


def each_of(name: str) -> NodeList:
    """The ids in the place `name`, which takes them as one JSON array: one statement for any number of them."""
    return NodeList((SQL("(SELECT value FROM json_each("), param(name), SQL("))")), glue="")


class Statement:
    """One SQL statement with named places. Raises Unavailable when the database can't answer."""

    def __init__(self, database: Database, query: Node) -> None:
        self._database = database
        self.sql, params = database.get_sql_context().sql(query).query()
        self._names = [value.name if isinstance(value, _Param) else None for value in params]
        self._constants = params

    def _execute(self, values: dict[str, Any]) -> Any:
        params = [
            constant if name is None else values[name]
            for name, constant in zip(self._names, self._constants, strict=True)
        ]
        return self._database.execute_sql(self.sql, params)

    def rows(self, **values: Any) -> list[Row]:
        """All rows of the result."""
        try:
            with driver_errors:
                rows: list[Row] = self._execute(values).fetchall()
        except AWAY as error:
            raise Unavailable(str(error)) from error
        return rows

    def one(self, **values: Any) -> Row | None:
        """The first row, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def run(self, **values: Any) -> int:
        """Run it for its effect; return how many rows it changed."""
        try:
            count: int = self._execute(values).rowcount
        except AWAY as error:
            raise Unavailable(str(error)) from error
        return count
