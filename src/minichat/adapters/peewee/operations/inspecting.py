"""What a check of the set-up wants to know of the database server, for either kind of it."""

from typing import Any, NamedTuple

from peewee import PeeweeException

from minichat.adapters.peewee.engine.database import ChatDatabase, open_database
from minichat.adapters.peewee.engine.statements import OLDEST_RUNNING
from minichat.domain.errors import Unavailable

_UNSAFE = {
    "fsync": "a crash of the machine can destroy the database",
    "full_page_writes": "a crash of the machine can destroy the database",
    "synchronous_commit": "a crash loses messages that were acknowledged",
}
"""Settings of PostgreSQL that must not be off, and why."""


class DatabaseFacts(NamedTuple):
    product: str
    """Such as `PostgreSQL 18.1`."""
    clock: int | None
    """Its time in milliseconds since the Unix epoch; None where it has no clock of its own."""
    weaknesses: tuple[str, ...]
    """A sentence for each setting by which it may lose what was acknowledged."""


def facts_of(database: ChatDatabase) -> DatabaseFacts:
    """Ask the database. Raises Unavailable."""
    if not database.is_postgres:
        return DatabaseFacts(f"SQLite {_value(database, 'SELECT sqlite_version()')}", None, ())
    version = _value(database, "SELECT split_part(current_setting('server_version'), ' ', 1)")
    clock = _value(database, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    off = [name for name in _UNSAFE if _value(database, f"SELECT current_setting('{name}')") == "off"]
    return DatabaseFacts(f"PostgreSQL {version}", int(clock), tuple(f"{name} is off: {_UNSAFE[name]}." for name in off))


def is_replica(url: str) -> bool:
    """Whether the PostgreSQL at that URL is a copy that follows another. Raises Unavailable."""
    database = open_database(url)
    try:
        return bool(_value(database, "SELECT pg_is_in_recovery()"))
    finally:
        database.close_connections()


def newest_change(database: ChatDatabase) -> int | None:
    """When the newest change of the log was made, in milliseconds since the Unix epoch. Raises Unavailable."""
    found = _value(database, 'SELECT max(at) FROM (SELECT at FROM "change" ORDER BY id DESC LIMIT 100) AS newest')
    return None if found is None else int(found)


def is_of_another_server(database: ChatDatabase) -> bool:
    """Whether the log holds changes of a server that has begun more transactions, and nothing new is told until it has
    been made this one's own (see `epochs`). Raises Unavailable.
    """
    ahead = 'SELECT EXISTS (SELECT 1 FROM "change" WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)'
    return database.is_postgres and bool(_value(database, ahead))


def held_up_since(database: ChatDatabase) -> int | None:
    """When the oldest change was made that can't be told yet, as an older transaction is open; None if there is none.

    In milliseconds since the Unix epoch. Raises Unavailable.
    """
    if not database.is_postgres:
        return None
    found = _value(database, f'SELECT min(at) FROM "change" WHERE xid >= {OLDEST_RUNNING}')  # noqa: S608 - our own text
    return None if found is None else int(found)


def _value(database: ChatDatabase, sql: str) -> Any:
    try:
        return database.execute_sql(sql).fetchone()[0]
    except (PeeweeException, OSError) as error:
        raise Unavailable(" ".join(str(error).split())) from error
