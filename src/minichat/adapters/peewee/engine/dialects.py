"""The differences between SQLite and PostgreSQL, one object per database: `database.dialect`.

A store gets SQL from the dialect and never asks for the kind of the database. This module knows no table of the chat.
If the statements of a store differ, it passes both to `choose`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from peewee import SQL, NodeList

from minichat.adapters.peewee.engine.statements import Executor, Row, Statement, driver_errors, param

T = TypeVar("T")

OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
"""PostgreSQL's expression for the number of the oldest running transaction. All transactions below it have ended."""

ROWS_PER_STATEMENT = 200
"""Number of rows that SQLite inserts with one statement."""

_UNSAFE_SETTINGS = {
    "fsync": "a crash of the machine can destroy the database",
    "full_page_writes": "a crash of the machine can destroy the database",
    "synchronous_commit": "a crash loses messages that were acknowledged",
}
"""The settings of PostgreSQL that must not be off, with the consequence."""


class ServerFacts(NamedTuple):
    product: str
    """The product and its version, for example `PostgreSQL 18.1`."""
    clock: int | None
    """The server's time in milliseconds since the Unix epoch; None for SQLite, which uses the clock of this host."""
    weaknesses: tuple[str, ...]
    """A sentence for each setting that can lose acknowledged data or refuses new data."""
    is_behind_pooler: bool = False
    """Whether a connection pooler such as PgBouncer is in front of the server."""


class Connected(Executor, Protocol):
    """The part of a database that a dialect needs: the one for statements, and the driver's own objects."""

    def connection(self) -> Any: ...

    def reading(self) -> AbstractContextManager[None]: ...

    def cursor(self) -> Any: ...


class Dialect(Protocol):
    @property
    def name(self) -> Literal["sqlite", "postgres"]:
        """The name of the database, and of the folder with its migrations."""

    def choose(self, *, sqlite: T, postgres: T) -> T:
        """Return the value for this database."""

    def each_of(self, name: str, kind: Literal["bigint", "text"] = "bigint") -> NodeList:
        """Return a subquery of the values in the JSON array `name`, so one statement serves any number of values."""

    def pairs(self, name: str) -> str:
        """Return a subquery, as text, of pairs: rows `first`, `second` of the parameter `name`.

        The parameter is a JSON object that maps the first numbers to arrays of second numbers.
        """

    def ids_in_order(self) -> str:
        """Return a subquery, as text, of the ids in the parameter `:ids`: rows `id` in the order of the array."""

    def last_id(self, database: Executor, table: str) -> int:
        """Return the last id that the table assigned, even if its row is deleted; 0 if it has assigned none."""

    def continue_ids_after(self, database: Executor, table: str, last: int) -> None:
        """Make the table assign `last + 1` to its next row."""

    def insert_rows(
        self, database: Connected, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert many rows with few statements."""

    def refresh_statistics(self, database: Executor) -> None:
        """Refresh the planner's statistics. This is necessary after a bulk insert."""

    def without_time_limits(self, database: Connected) -> AbstractContextManager[None]:
        """Disable the time limits of requests for the open transaction, in the block."""

    def server_facts(self, database: Connected) -> ServerFacts:
        """Return the facts that `minichat check` reports."""


class SqliteDialect:
    name: Literal["sqlite"] = "sqlite"

    def choose(self, *, sqlite: T, postgres: T) -> T:
        return sqlite

    def each_of(self, name: str, kind: Literal["bigint", "text"] = "bigint") -> NodeList:
        return NodeList((SQL("(SELECT value FROM json_each("), param(name), SQL("))")), glue="")

    def pairs(self, name: str) -> str:
        return (
            "(SELECT CAST(one.key AS INTEGER) AS first, other.value AS second "  # noqa: S608 - our own words
            f"FROM json_each(:{name}) AS one CROSS JOIN json_each(one.value) AS other) AS given"
        )

    def ids_in_order(self) -> str:
        return "(SELECT value AS id FROM json_each(:ids) ORDER BY key) AS given"

    def last_id(self, database: Executor, table: str) -> int:
        found = Statement.of_text(database, "SELECT seq FROM sqlite_sequence WHERE name = :table").one(table=table)
        return found[0] if found else 0

    def continue_ids_after(self, database: Executor, table: str, last: int) -> None:
        Statement.of_text(database, "DELETE FROM sqlite_sequence WHERE name = :name").run(name=table)
        insert = Statement.of_text(database, "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        insert.run(name=table, last=last)

    def insert_rows(
        self, database: Connected, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        row_of_places = f"({', '.join('?' * len(columns))})"
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            batch = rows[start : start + ROWS_PER_STATEMENT]
            places = ", ".join([row_of_places] * len(batch))
            sql = f"INSERT INTO {_target(table, columns)} VALUES {places}"  # noqa: S608 - the names are our own
            database.execute_sql(sql, list(chain.from_iterable(batch)))

    def refresh_statistics(self, database: Executor) -> None:
        """Do nothing: SQLite's plans need no statistics."""

    def without_time_limits(self, database: Connected) -> AbstractContextManager[None]:
        """Do nothing: a statement on SQLite has no time limit."""
        return nullcontext()

    def server_facts(self, database: Connected) -> ServerFacts:
        return ServerFacts(f"SQLite {_value(database, 'SELECT sqlite_version()')}", None, ())


class PostgresDialect:
    name: Literal["postgres"] = "postgres"

    def choose(self, *, sqlite: T, postgres: T) -> T:
        return postgres

    def each_of(self, name: str, kind: Literal["bigint", "text"] = "bigint") -> NodeList:
        before = f"(SELECT item::{kind} FROM json_array_elements_text("  # noqa: S608 - one of two words
        return NodeList((SQL(before), param(name), SQL("::json) AS item)")), glue="")

    def pairs(self, name: str) -> str:
        return (
            "(SELECT one.key::bigint AS first, other.item::bigint AS second "  # noqa: S608 - our own words
            f"FROM json_each(:{name}::json) AS one "
            "CROSS JOIN LATERAL json_array_elements_text(one.value) AS other (item)) AS given"
        )

    def ids_in_order(self) -> str:
        return (
            "(SELECT item::bigint AS id FROM json_array_elements_text(:ids::json) "
            "WITH ORDINALITY AS given (item, number) ORDER BY number) AS given"
        )

    def last_id(self, database: Executor, table: str) -> int:
        sequence = _sequence_of(database, table)
        query = f"SELECT last_value FROM {sequence} WHERE is_called"  # noqa: S608 - the name that the database gave
        found = Statement.of_text(database, query).one()
        return found[0] if found else 0

    def continue_ids_after(self, database: Executor, table: str, last: int) -> None:
        set_value = Statement.of_text(database, "SELECT setval(:sequence, :last)")
        set_value.one(sequence=_sequence_of(database, table), last=last)

    def insert_rows(
        self, database: Connected, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        with driver_errors, database.cursor().copy(f"COPY {_target(table, columns)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def refresh_statistics(self, database: Executor) -> None:
        database.execute_sql("ANALYZE")

    @contextmanager
    def without_time_limits(self, database: Connected) -> Iterator[None]:
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            database.execute_sql(f"SET LOCAL {limit} = 0")
        connection = database.connection()
        patience_seconds, connection.patience_seconds = connection.patience_seconds, None
        try:
            yield
        finally:
            connection.patience_seconds = patience_seconds

    def server_facts(self, database: Connected) -> ServerFacts:
        version = _value(database, "SELECT split_part(current_setting('server_version'), ' ', 1)")
        clock = _value(database, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
        off = [name for name in _UNSAFE_SETTINGS if _value(database, f"SELECT current_setting('{name}')") == "off"]
        weaknesses = [f"{name} is off: {_UNSAFE_SETTINGS[name]}." for name in off]
        if _value(database, "SELECT current_setting('transaction_read_only')") == "on":
            weaknesses.append("default_transaction_read_only is on: the database accepts no writes.")
        with database.reading():
            is_behind_pooler = bool(database.connection().limits)
        return ServerFacts(f"PostgreSQL {version}", int(clock), tuple(weaknesses), is_behind_pooler)


def _sequence_of(database: Executor, table: str) -> str:
    """Return the quoted name of the sequence that assigns the table's ids."""
    find = Statement.of_text(database, "SELECT pg_get_serial_sequence(:table, 'id')")
    found = find.one(table=f'"{table}"')
    assert found is not None, "a function call returns one row"
    name: str = found[0]
    return name


def _target(table: str, columns: Sequence[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in columns)
    return f'"{table}" ({quoted})'


def _value(database: Executor, sql: str) -> Any:
    row: Row = database.execute_sql(sql).fetchone()
    return row[0]
