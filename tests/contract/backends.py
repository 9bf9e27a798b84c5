"""The sets of ports that the contract is held against: each opens empty, on a clock that stands still.

A new backend is a function here and a line in `BACKENDS`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from minichat.adapters.memory import (
    Memory,
    MemoryClock,
    MemoryNotices,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.domain.model import Change, ChangeKind, Role
from minichat.domain.ports import Ports


class Backend(NamedTuple):
    ports: Ports
    clock: MemoryClock
    log: Callable[[], Sequence[Change]]
    """Reads the change log as it was committed."""


@contextmanager
def memory(_folder: Path) -> Iterator[Backend]:
    """The memory adapters."""
    store = Memory()
    yield Backend(store.ports, store.clock, lambda: store.changes.log)


@contextmanager
def sqlite(folder: Path) -> Iterator[Backend]:
    """A new SQLite database in the folder; its integrity is checked at the end."""
    from minichat.adapters.media import FileMedia
    from minichat.adapters.peewee import open_database, peewee_ports
    from minichat.adapters.peewee.migrating import upgrade

    database = open_database(f"sqlite:///{folder}/chat.sqlite3")
    upgrade(database)
    clock = MemoryClock()

    def log() -> list[Change]:
        rows = database.execute_sql("SELECT kind, room_id, at, user_id, message_id, seq, role FROM change ORDER BY id")
        return [Change(ChangeKind(row[0]), *row[1:6], row[6] and Role(row[6])) for row in rows.fetchall()]

    try:
        yield Backend(
            peewee_ports(
                database,
                clock=clock,
                passwords=PlainPasswords(),
                username_key=username_key,
                mixes_scripts=mixes_scripts,
                is_common_password=is_common_password,
                email_address=email_address,
                pictures=PlainPictures(),
                media=FileMedia(folder / "media" / "avatars"),
                notices=MemoryNotices(),
            ),
            clock,
            log,
        )
        assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute_sql("PRAGMA foreign_key_check").fetchall() == []
    finally:
        database.close_connections()


BACKENDS = {"memory": memory, "sqlite": sqlite}
