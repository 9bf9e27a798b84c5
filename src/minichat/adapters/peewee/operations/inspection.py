"""Facts about the database for `minichat check`. This module only reads; `cli.checking` judges the facts.

Every function raises Unavailable if the database does not answer.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from peewee import PeeweeException

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING, ServerFacts
from minichat.adapters.peewee.engine.statements import driver_errors
from minichat.domain.errors import Unavailable

_NEWEST_CHANGE = 'SELECT max(at) FROM (SELECT at FROM "change" ORDER BY id DESC LIMIT 100) AS newest'
_IS_AHEAD_OF_SERVER = """
    SELECT EXISTS (SELECT 1 FROM "change" WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
"""
_OLDEST_HELD_UP = f'SELECT min(at) FROM "change" WHERE xid >= {OLDEST_RUNNING}'  # noqa: S608 - our own text


def facts_of(database: ChatDatabase) -> ServerFacts:
    """Return the product, the clock and the unsafe settings of the database server."""
    with _translate_errors():
        return database.dialect.server_facts(database)


def is_replica(url: str) -> bool:
    """Return whether the PostgreSQL server at that URL follows another one."""
    from minichat.adapters.peewee.engine.connections import Server  # late: only PostgreSQL needs the driver

    server = Server(url, "the replica's URL", must_accept_writes=False)
    with _translate_errors(), driver_errors, closing(server.connect()) as connection:
        return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def newest_change(database: ChatDatabase) -> int | None:
    """Return the time of the log's newest change, in milliseconds since the Unix epoch."""
    found = _value(database, _NEWEST_CHANGE)
    return None if found is None else int(found)


def is_of_another_server(database: ChatDatabase) -> bool:
    """Return whether the log holds numbers of transactions that this server has not reached yet.

    In this case new changes are unreadable until `minichat db restored` adopts the log (see `log_epoch`).
    """
    query = database.dialect.choose(sqlite=None, postgres=_IS_AHEAD_OF_SERVER)
    return query is not None and bool(_value(database, query))


def held_up_since(database: ChatDatabase) -> int | None:
    """Return the time of the oldest change that an open transaction keeps unreadable, or None.

    The time is in milliseconds since the Unix epoch.
    """
    query = database.dialect.choose(sqlite=None, postgres=_OLDEST_HELD_UP)
    found = None if query is None else _value(database, query)
    return None if found is None else int(found)


def _value(database: ChatDatabase, sql: str) -> Any:
    with _translate_errors():
        return database.execute_sql(sql).fetchone()[0]


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise Unavailable, with one line of text, for every error of Peewee and the system."""
    try:
        yield
    except (PeeweeException, OSError) as error:
        raise Unavailable(" ".join(str(error).split())) from error
