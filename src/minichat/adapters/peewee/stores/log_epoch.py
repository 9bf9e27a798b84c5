"""The epoch of the change log: a random number that begins every position in the log.

After a restore the log assigns the same ids again, to other changes. A new epoch invalidates all positions from before
the restore or from another database. Clients with an invalid position must reload everything. A copy by `minichat
backup` has no epoch; `log_mark` betrays a copy of an SQLite file by another program.
"""

import secrets
from pathlib import Path

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.stores.log_mark import LogMark

_NUMBER = "SELECT number FROM log_epoch WHERE id = 1"
EPOCH = f"coalesce(({_NUMBER}), 0)"
"""The SQL expression of the epoch. It is 0 until `begin` draws the first epoch."""

_DRAW = """
    INSERT INTO log_epoch (id, number) VALUES (1, :number) ON CONFLICT (id) DO UPDATE SET number = excluded.number
"""
# On PostgreSQL, rows hold numbers of transactions (see its migration 0001). The numbers from another server may be
# ahead of this server's, so `adopt_database` clears them.
_FORGET_TRANSACTIONS = (
    "UPDATE change SET xid = 0",
    "UPDATE change_horizon SET xid = 0, id = 0",
    "SELECT setval('message_taken_by', 0)",
    f"UPDATE message SET settled_by = 0 WHERE settled_by >= {OLDEST_RUNNING}",  # noqa: S608 - our own text
)


def begin(database: ChatDatabase) -> None:
    """Draw an epoch if there is none, as in a new database, and in one restored from a copy."""
    found = Statement.of_text(database, _NUMBER).one()
    if found in {None, (None,)}:
        adopt_database(database)
        return
    mark = mark_of(database)
    if mark is None:
        return
    assert found is not None
    if mark.fits(found[0], database.dialect.last_id(database, "change")):
        mark.keep()
    else:
        renew(database)


def mark_of(database: ChatDatabase) -> LogMark | None:
    """Return the mark beside an SQLite file; None for a server, whose files are its own."""
    return database.dialect.choose(sqlite=LogMark(Path(database.database)), postgres=None)


def adopt_database(database: ChatDatabase) -> None:
    """Adopt a database from another server. You can safely repeat this after an interruption."""
    for statement in database.dialect.choose(sqlite=(), postgres=_FORGET_TRANSACTIONS):
        database.execute_sql(statement)
    renew(database)


def renew(database: ChatDatabase) -> None:
    """Draw a new epoch. It invalidates all earlier positions."""
    number = 1 + secrets.randbelow(2**31 - 1)
    Statement.of_text(database, _DRAW).run(number=number)
    mark = mark_of(database)
    if mark is not None:
        mark.begin(number)
