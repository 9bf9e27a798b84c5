"""The rebuilding of the search index after an upgrade, in small transactions beside running servers.

Each row knows whether it is indexed by the rules of this version. So an interrupted run continues where it ended, two
runs at once do no harm, and a later run finds the names that a server of an earlier version has written meanwhile.
This module knows no rule of the fold: the stores index.
"""

from collections.abc import Callable

from peewee import fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.tables import RoomRow, UserRow
from minichat.domain.ports import Characters

BATCH = 100
"""Maximum number of people or rooms in one transaction, which takes some ten milliseconds."""


def reindex(
    database: ChatDatabase,
    characters: Characters,
    batch: int = BATCH,
    report: Callable[[int, int], object] = lambda _done, _of: None,
) -> int:
    """Index all people and rooms whose names are not indexed by the rules of this version; return how many.

    After each batch, call `report` with the number of indexed names and of all. Raises Unavailable; earlier batches
    stay indexed.
    """
    total = _count_behind(database)
    if total == 0:
        return 0
    # Late: each start of a server comes here, and few find anything to do.
    from minichat.adapters.peewee.stores.rooms import PeeweeRoomStore
    from minichat.adapters.peewee.stores.users import PeeweeUserStore

    users, rooms = PeeweeUserStore(database, characters), PeeweeRoomStore(database, characters)
    done = 0
    while ids := _behind(database, UserRow, batch):
        with database.writing(shared_accounts=ids):
            users.index(ids)
        done += len(ids)
        report(done, total)
    while ids := _behind(database, RoomRow, batch):
        with database.writing(rooms=ids):
            rooms.index(ids)
        done += len(ids)
        report(done, total)
    if done:
        # The planner would still expect many rows that are behind.
        database.dialect.refresh_statistics(database)
    return done


def _count_behind(database: ChatDatabase) -> int:
    """Return the number of people and rooms whose names are behind; an index knows them."""
    queries = [table.select(fn.COUNT(table.id)).where(~table.is_indexed) for table in (UserRow, RoomRow)]
    return sum(Statement(database, query).rows()[0][0] for query in queries)


def _behind(database: ChatDatabase, row: type[UserRow] | type[RoomRow], limit: int) -> list[int]:
    query = row.select(row.id).where(~row.is_indexed).order_by(row.id).limit(limit)
    return [row_id for (row_id,) in Statement(database, query).rows()]
