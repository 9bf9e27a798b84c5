"""Which life of the change log a position belongs to: one from before a restore, or of another database, is not ours.

After a restore the log grows again over the ids that it had given before, with other changes. So every position begins
with a number that is drawn anew when a database goes on from an earlier state, or from another's.
"""

import secrets

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.dialects import OLDEST_RUNNING
from minichat.adapters.peewee.engine.statements import Statement

_NUMBER = "SELECT number FROM log_epoch WHERE id = 1"
EPOCH = f"coalesce(({_NUMBER}), 0)"
"""The number, in SQL; 0 while none is drawn."""


# PostgreSQL's rows bear the numbers of transactions (see its migration 0001). The numbers of another server may be
# ahead of this server's, so they are cleared.
_FORGET_TRANSACTIONS = (
    "UPDATE change SET xid = 0",
    "UPDATE change_horizon SET xid = 0, id = 0",
    "SELECT setval('message_taken_by', 0)",
    f"UPDATE message SET settled_by = 0 WHERE settled_by >= {OLDEST_RUNNING}",  # noqa: S608 - our own text
)


def begin(database: ChatDatabase) -> None:
    """Draw a number if there is none, as in a new database and in one restored from a backup."""
    if Statement.of_text(database, _NUMBER).one() in {None, (None,)}:
        go_on_from_backup(database)


def go_on_from_backup(database: ChatDatabase) -> None:
    """Make one's own what another database has left; being broken off in the middle does no harm."""
    for statement in database.dialect.choose(sqlite=(), postgres=_FORGET_TRANSACTIONS):
        database.execute_sql(statement)
    renew(database)


def renew(database: ChatDatabase) -> None:
    """Draw another number: who has a position from before must load everything anew."""
    Statement.of_text(
        database,
        """
        INSERT INTO log_epoch (id, number) VALUES (1, :number) ON CONFLICT (id) DO UPDATE SET number = excluded.number
        """,
    ).run(number=1 + secrets.randbelow(2**31 - 1))
