"""Locks on what a transaction looks up, so that it stays as it is until the transaction ends.

SQLite has one writer at a time and needs none. PostgreSQL's transactions run beside one another; there, these are
advisory locks and not locks of rows, for the sake of the change log. It is read in the order in which transactions got
their ids, and a transaction that locks a row, or waits for one, gets its id then; one that waits here has none yet. As
everybody locks first and writes afterwards, the ids of those who write in one room are in the order in which they came
to it, and so is what the log tells of the room.

Who comes to a lock with another one in hand may wait for somebody who waits for that. PostgreSQL then undoes one of the
two after a second, and it is tried again (see `api.clashes`). For that second both keep a connection, so it must be
rare: the services look at accounts before they look at rooms or tallies.
"""

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement

_ROOM, _ACCOUNT = 1, 2
_NUMBER = "mod({}, 2147483648)::int"


class Locks:
    """All of them end with the transaction; outside of one that writes, none is taken."""

    def __init__(self, database: ChatDatabase) -> None:
        def statement(text: str) -> Statement:
            return Statement.of_text(database, text)

        room, account = (f"pg_advisory_xact_lock({kind}, {_NUMBER})" for kind in (_ROOM, _ACCOUNT))
        shared = account.replace("lock(", "lock_shared(")
        self._database = database
        self._room = statement(f"SELECT {room.format(':id')}")
        self._rooms_of = statement(f"""
            SELECT id, {room.format("id")} FROM (
                SELECT room.id FROM participant JOIN room ON room.id = room_id
                WHERE user_id = :user_id AND room.id > :after AND deleted_at IS NULL ORDER BY room.id LIMIT :limit
            ) AS room
        """)  # noqa: S608 - constants
        self._account = statement(f"SELECT {account.format(':id')}")
        self._account_named = statement(f'SELECT {account.format("id")} FROM "user" WHERE username_key = :key')  # noqa: S608
        self._account_of = statement(f"SELECT {account.format('user_id')} FROM session WHERE id = :session_id")  # noqa: S608
        self._accounts = statement(f"""
            SELECT {shared.format("id::bigint")} FROM (
                SELECT id FROM json_array_elements_text(:ids::json) AS given (id) ORDER BY id::bigint
            ) AS account
        """)  # noqa: S608
        self._tally = statement("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")

    def room(self, room_id: int) -> None:
        """Lock a room with all that is in it."""
        self._take_once(self._room, id=room_id)

    def rooms_of(self, user_id: int, after: int, limit: int) -> int | None:
        """Lock the first rooms of a user with an id above `after`; return the id of the last, None if there is none."""
        rooms = self._rooms_of.rows(user_id=user_id, after=after, limit=limit)
        return rooms[-1][0] if rooms else None

    def account(self, user_id: int) -> None:
        """Lock an account with its sessions."""
        self._take_once(self._account, id=user_id)

    def account_named(self, username_key: str) -> None:
        """Lock the account that has that name, if there is one."""
        self._take(self._account_named, key=username_key)

    def account_of(self, session_id: int) -> None:
        """Lock the account that the session is of, if there is one."""
        self._take(self._account_of, session_id=session_id)

    def accounts(self, ids: str) -> None:
        """Lock accounts, whose ids are a JSON array, against changes alone: others may look at them as well."""
        self._take(self._accounts, ids=ids)

    def tally(self, key: str) -> None:
        """Lock a tally, also one that there isn't yet."""
        self._take_once(self._tally, key=key)

    @property
    def are_taken(self) -> bool:
        """Whether they are taken here and now."""
        return self._database.is_holding

    def _take_once(self, statement: Statement, **values: int | str) -> None:
        if self.are_taken:
            [value] = values.values()
            if (statement.sql, value) not in self._database.locked:
                statement.rows(**values)
                self._database.locked.add((statement.sql, value))

    def _take(self, statement: Statement, **values: int | str) -> None:
        if self.are_taken:
            statement.rows(**values)
