"""The kinds of locks of a transaction on PostgreSQL, and the one order in which transactions acquire them.

SQLite has one writer at a time and needs no locks. PostgreSQL runs transactions concurrently, so a transaction acquires
its locks right after BEGIN, before its first other statement. The lock order is that of `in_order`: the superusers,
then accounts by id, then rooms by id, then attempt counts by key. It prevents deadlocks.

They are advisory locks instead of row locks, because readers see the change log in the order of transaction ids.
PostgreSQL assigns the id when a transaction first locks or waits for a row, and not while it waits for an advisory
lock. So the writers of one room get their ids in the order in which they acquire the room's lock, and the log holds the
changes of a room in that order.

PostgreSQL releases advisory locks when the transaction ends. This module knows no connection: `engine.postgres` runs
the statement with BEGIN.
"""

import json

from psycopg.sql import quote

from minichat.domain.ports.transactions import Locks

Lock = tuple[str, int | str]
"""The kind of the lock, and the id or key of the locked object."""

_SUPERUSERS = "superusers"
_ACCOUNT, _SHARED_ACCOUNT, _ROOM, _ATTEMPTS = "account", "shared account", "room", "attempts"

# The first number of an advisory lock is the kind; 3 is the lock of `take_message_id` in migration 0001. The second one
# has 31 bits, so the adapter takes the id modulo 2^31. Two ids with the same remainder merely share a lock.
_NUMBER = "mod({}::bigint, 2147483648)::int"
_ACQUIRE_ROOM = f"SELECT pg_advisory_xact_lock(1, {_NUMBER})"
_ACQUIRE_ACCOUNT = f"SELECT pg_advisory_xact_lock(2, {_NUMBER})"
# The inner ORDER BY fixes the order of the calls: PostgreSQL evaluates the outer list once per row, in that order.
_ACQUIRE = f"""
    SELECT CASE kind
        WHEN '{_SUPERUSERS}' THEN pg_advisory_xact_lock(4, {_NUMBER.format("what")})
        WHEN '{_ACCOUNT}' THEN pg_advisory_xact_lock(2, {_NUMBER.format("what")})
        WHEN '{_SHARED_ACCOUNT}' THEN pg_advisory_xact_lock_shared(2, {_NUMBER.format("what")})
        WHEN '{_ROOM}' THEN pg_advisory_xact_lock(1, {_NUMBER.format("what")})
        ELSE pg_advisory_xact_lock(hashtextextended(what, 0))
    END FROM (
        SELECT lock ->> 0 AS kind, lock ->> 1 AS what
        FROM json_array_elements({{}}::json) WITH ORDINALITY AS given (lock, place) ORDER BY place
    ) AS wanted
"""  # noqa: S608 - constants


def in_order(locks: Locks) -> list[Lock]:
    """Return the locks in the order in which every transaction acquires them."""
    account = locks.get("account")
    kinds = dict.fromkeys(locks.get("shared_accounts", ()), _SHARED_ACCOUNT)
    if account is not None:
        kinds[account] = _ACCOUNT
    room_ids = set(locks.get("rooms", ()))
    if "room" in locks:
        room_ids.add(locks["room"])
    return [
        *([(_SUPERUSERS, 0)] if locks.get("superusers") else []),
        *((kinds[user_id], user_id) for user_id in sorted(kinds)),
        *((_ROOM, room_id) for room_id in sorted(room_ids)),
        *((_ATTEMPTS, key) for key in sorted(set(locks.get("attempts", ())))),
    ]


def acquiring(locks: Locks) -> str:
    """Return the statement that acquires the locks, empty if there are none.

    It has no parameters, so that it can follow BEGIN in the same round trip to the server.
    """
    wanted = in_order(locks)
    if not wanted:
        return ""
    kind, what = wanted[0]
    if len(wanted) == 1 and kind in {_ROOM, _ACCOUNT}:
        return (_ACQUIRE_ROOM if kind == _ROOM else _ACQUIRE_ACCOUNT).format(int(what))
    return _ACQUIRE.format(quote(json.dumps(wanted)))
