"""Demo data in bulk, for an empty database: to try minichat out, or to measure it.

The users `user1`, `user2`, … share one password. Each room has the users 1 to `members`. All messages are in room 1, by
its members in turn, one second apart, and everybody has read them. The change log stays empty, as after a quiet day.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.stores.message_index import begin_again
from minichat.adapters.peewee.stores.name_index import name_parts
from minichat.adapters.peewee.stores.room_names import room_name_parts
from minichat.domain.model import SECOND, Role, RoomKind, Timestamp, User
from minichat.domain.ports import Characters
from minichat.domain.search import searchable_names

TEXT = "word " * 12
BATCH = 1_000
"""Maximum number of rows in memory."""


class NotEmpty(Exception):
    """The database already has accounts."""


def fill(
    database: ChatDatabase,
    characters: Characters,
    *,
    users: int,
    rooms: int,
    members: int,
    messages: int,
    password_hash: str,
    now: Timestamp,
    progress: Callable[[int, int], object] = lambda _done, _of: None,
) -> None:
    """Fill the database in one transaction. Raises NotEmpty, and ValueError for impossible numbers.

    Call `progress` with the number of inserted messages and of all.
    """
    if min(users, rooms, members) < 1 or messages < 0 or members > users:
        raise ValueError("there must be at least one user, room and member, and no more members than users")
    started = now - messages * SECOND
    people = [_person(number, started) for number in range(1, users + 1)]
    names = {person.id: searchable_names(person, characters) for person in people}
    # Insert in the order of the index, which is many times faster because the index grows at its end. Sort before the
    # transaction: the server ends one that waits too long.
    parts = sorted((*part, id_) for id_, of_person in names.items() for part in name_parts(of_person))
    with database.writing(), database.dialect.without_time_limits(database):
        expect_empty(database)
        _add_users(database, people, names, password_hash)
        _insert(database, "user_name_part (is_start, part, user_id)", parts)
        _add_rooms(database, rooms, members, messages, started, now)
        begin_again(database, is_empty=True)
        progress(0, messages)
        _insert(
            database,
            "message (room_id, seq, user_id, content, created_at)",
            (
                (1, seq, 1 + (seq - 1) % members, f"message number {seq} {TEXT}", started + seq * SECOND)
                for seq in range(1, messages + 1)
            ),
            lambda done: progress(done, messages),
        )
        begin_again(database, is_empty=False)
        for table, last in (("user", users), ("room", rooms)):
            database.dialect.continue_ids_after(database, table, last)
        database.dialect.refresh_statistics(database)


def expect_empty(database: ChatDatabase) -> None:
    """Raise NotEmpty if the database has accounts."""
    if database.execute_sql('SELECT 1 FROM "user" LIMIT 1').fetchone():
        raise NotEmpty


def _add_users(
    database: ChatDatabase, people: Iterable[User], names: Mapping[int, Sequence[str]], password_hash: str
) -> None:
    _insert(
        database,
        "user (id, username, username_key, password_hash, first_name, last_name, email, joined_at, search_names, "
        "is_indexed)",
        (
            (
                *(p.id, p.username, p.username_key, password_hash, p.first_name, p.last_name, p.email, p.joined_at),
                *("\n".join(names[p.id]), True),
            )
            for p in people
        ),
    )


def _add_rooms(
    database: ChatDatabase, rooms: int, members: int, messages: int, started: Timestamp, now: Timestamp
) -> None:
    """Add the rooms with their participants; the first room has all messages."""
    kind, last_seqs = RoomKind.GROUP.value, {1: messages}
    _insert(
        database,
        "room (id, name, description, kind, is_private, created_at, active_at, activity, last_seq, participants_count, "
        "search_name, is_indexed)",
        (
            (
                room,
                f"room {room}",
                "about",
                kind,
                False,
                started,
                now if room == 1 else started,
                2 * messages if room == 1 else 1,
                last_seqs.get(room, 0),
                members,
                f"room {room}",
                True,
            )
            for room in range(1, rooms + 1)
        ),
    )
    parts = sorted((part, room) for room in range(1, rooms + 1) for part in room_name_parts(f"room {room}"))
    _insert(database, "room_name_part (part, room_id)", parts)
    _insert(
        database,
        "participant (room_id, user_id, role, joined_seq, seen_seq)",
        (
            (room, user, (Role.OWNER if user == 1 else Role.MEMBER).value, 0, last_seqs.get(room, 0))
            for room in range(1, rooms + 1)
            for user in range(1, members + 1)
        ),
    )


def _person(number: int, joined_at: Timestamp) -> User:
    name = f"user{number}"
    return User(number, name, name, "First", "Last", f"{name}@example.com", "", True, False, joined_at, None)


def _insert(
    database: ChatDatabase,
    target: str,
    rows: Iterable[tuple[object, ...]],
    report: Callable[[int], object] = lambda _done: None,
) -> None:
    """Insert all rows into a target of the form `table (column, …)`. Call `report` with the number of inserted rows."""
    done = 0
    table, _, columns = target.partition(" ")
    names = columns.strip("()").split(", ")
    for batch in _batches(rows, BATCH):
        database.dialect.insert_rows(database, table, names, batch)
        done += len(batch)
        report(done)


def _batches(rows: Iterable[tuple[object, ...]], size: int) -> Iterator[list[tuple[object, ...]]]:
    batch: list[tuple[object, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
