"""The sets of ports that the contract tests run on: each is empty at first and has a fake clock.

To add a backend, add a function and an entry of `BACKENDS`.
"""

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cysqlite import connect  # type: ignore[attr-defined]  # its types leave it out

from folders import fast_folder
from minichat.adapters.memory import (
    Memory,
    MemoryClock,
    MemoryNoticeBoard,
    MemoryTally,
    PlainCharacters,
    PlainCipher,
    PlainCodes,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.domain.model import Change, ChangeKind, Role
from minichat.domain.ports import Ports
from postgres import empty_database
from sqlite import empty, put_empty_database


class Backend(NamedTuple):
    ports: Ports
    clock: MemoryClock
    log: Callable[[], Sequence[Change]]
    """Reads the committed change log."""
    return_unused_ids: Callable[[], object] = lambda: None
    """Lets the next rows have the ids that a database has used for rows that it refused. Memory uses none for them."""


@contextmanager
def memory(_folder: Path) -> Iterator[Backend]:
    """The memory adapters."""
    store = Memory(checks_locks=False)  # these tests use one store at a time, without the services
    yield Backend(store.ports, store.clock, lambda: store.changes.log)


@contextmanager
def sqlite(folder: Path) -> Iterator[Backend]:
    """An empty SQLite database, for tests without threads; its integrity is checked at the end."""
    path, database, ports = _sqlite()
    empty(database, path)
    clock = MemoryClock()
    backend = _backend(database, ports._replace(clock=clock, media_store=_media(folder)), clock, order="id")
    yield backend._replace(return_unused_ids=_ids_of_sqlite(database))
    _check_integrity(path)


def _ids_of_sqlite(database: Any) -> Callable[[], None]:
    last_ids: dict[str, int] = {}

    def return_unused() -> None:
        for table, used in database.execute_sql("SELECT name, seq FROM sqlite_sequence").fetchall():
            if used != last_ids.get(table):
                last_ids[table] = max(last_ids.get(table, 0), _highest_id(database, table))
                with database.writing():
                    database.execute_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (last_ids[table], table))

    return return_unused


def _highest_id(database: Any, table: str) -> int:
    row = database.execute_sql(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()
    return int(row[0])


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """The database at that URL, without connections at the end."""
    from minichat.adapters.peewee import open_database

    database = open_database(url)
    try:
        yield database
    finally:
        database.close_connections()


@contextmanager
def sqlite_in(folder: Path) -> Iterator[Backend]:
    """A SQLite database in the folder, which several processes can share."""
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations.migrate import upgrade

    database = open_database(f"sqlite:///{folder}/chat.sqlite3")
    upgrade(database)
    clock = MemoryClock()
    try:
        yield _backend(database, _ports(database, clock, folder), clock, order="id")
        _check_integrity(folder / "chat.sqlite3")
    finally:
        database.close_connections()


def _check_integrity(path: Path) -> None:
    # A connection that has searched before remembers an older structure of the search index, and takes it for damage.
    with closing(connect(str(path))) as connection:
        assert [found for (found,) in connection.execute("PRAGMA integrity_check")] == ["ok"]
        assert list(connection.execute("PRAGMA foreign_key_check")) == []


@cache
def _sqlite() -> tuple[Path, Any, Ports]:
    """The path of the shared database, the database, and ports on it. Sharing saves 50 ms per test."""
    from minichat.adapters.peewee import open_database

    opened = ExitStack()
    atexit.register(opened.close)
    folder = opened.enter_context(fast_folder())
    path = folder / "chat.sqlite3"
    put_empty_database(path)
    database = open_database(f"sqlite:///{path}")
    return path, database, _ports(database, MemoryClock(), folder)


@contextmanager
def postgres(folder: Path) -> Iterator[Backend]:
    """An empty PostgreSQL database."""
    database, ports = _postgres()
    empty_database().empty()
    clock = MemoryClock()
    backend = _backend(database, ports._replace(clock=clock, media_store=_media(folder)), clock, order="xid, id")
    yield backend._replace(return_unused_ids=_ids_of_postgres(database))


def _ids_of_postgres(database: Any) -> Callable[[], None]:
    last_ids: dict[str, int] = {}

    def return_unused() -> None:
        used = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename LIKE '%_id_seq'"
        for sequence, last in database.execute_sql(used).fetchall():
            if last is not None and last != last_ids.get(sequence):
                highest = _highest_id(database, sequence.removesuffix("_id_seq"))
                last_ids[sequence] = max(last_ids.get(sequence, 0), highest)
                reset = max(1, last_ids[sequence]), last_ids[sequence] > 0
                database.execute_sql(f"SELECT setval('{sequence}', %s, %s)", reset)

    return return_unused


@cache
def _postgres() -> tuple[Any, Ports]:
    """The shared database, and ports on it. The tests share it, because creating it takes longer than most tests."""
    from minichat.adapters.peewee import open_database

    database = open_database(empty_database().url)
    return database, _ports(database, MemoryClock(), Path())


def on_postgres(database: Any, folder: Path) -> Ports:
    """Ports on a migrated database."""
    return _ports(database, MemoryClock(), folder)


def _ports(database: Any, clock: MemoryClock, folder: Path) -> Ports:
    from minichat.adapters.peewee.ports import peewee_ports

    return peewee_ports(
        database,
        clock=clock,
        password_hasher=PlainPasswords(),
        one_time_codes=PlainCodes(),
        secret_cipher=PlainCipher(),
        characters=PlainCharacters(),
        username_key=username_key,
        mixes_scripts=mixes_scripts,
        is_common_password=is_common_password,
        email_address=email_address,
        picture_processor=PlainPictures(),
        media_store=_media(folder),
        notice_board=MemoryNoticeBoard(),
        tally=MemoryTally(),
    )


def _media(folder: Path) -> Any:
    from minichat.adapters.media import FileMedia

    return FileMedia(folder / "media" / "avatars")


def _backend(database: Any, ports: Ports, clock: MemoryClock, *, order: str) -> Backend:
    from minichat.adapters.peewee.stores.changes import from_row

    def log() -> list[Change]:
        rows = database.execute_sql(f"SELECT {', '.join(Change._fields)} FROM change ORDER BY {order}")
        changes = [
            change._replace(
                kind=ChangeKind(change.kind), role=change.role and Role(change.role), is_added=bool(change.is_added)
            )
            for change in map(Change._make, rows.fetchall())
        ]
        return [from_row(change) for change in changes]

    return Backend(ports, clock, log)


BACKENDS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}
