"""The filling of the search index of messages after an upgrade or an import, in short steps beside running servers.

The database knows which messages the index lacks. So an interrupted run continues where it ended, two runs at once do
no harm, and a later run finds the messages that a server of an earlier version has written meanwhile. This module knows
no words: the index of each database splits and stores them.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.stores.message_index import message_index
from minichat.domain.ports import Characters

Result = TypeVar("Result")

STEP = 200
"""Number of messages that one step indexes. Other writers wait some ten milliseconds for it."""
_LOCKED_BYTE = 1
"""The byte of the lock file of writers that a process locks while it fills the index. Writers lock the whole file in
another way, which does not conflict."""


class Progress(NamedTuple):
    """Numbers of messages, estimated by their ids."""

    indexed: int
    total: int

    @property
    def is_complete(self) -> bool:
        return self.indexed >= self.total


def progress(database: ChatDatabase, characters: Characters) -> Progress:
    """Return how many messages are in the search index. Raises Unavailable."""
    return Progress(*message_index(database, characters).progress())


def fill(
    database: ChatDatabase,
    characters: Characters,
    report: Callable[[Progress], object] = lambda _progress: None,
    pause: Callable[[float], object] = lambda _seconds: None,
) -> int:
    """Index all messages that the search index lacks; return how many, 0 if another process of this host is doing so.

    After each step, call `report`, and `pause` with the duration of the step. Raises Unavailable; earlier steps stay.
    """
    index = message_index(database, characters)
    done = 0
    with _alone(database) as is_alone:
        if not is_alone:
            return 0
        while step := _timed(lambda: index.fill(STEP), pause):
            done += step
            report(Progress(*index.progress()))
        if index.is_scattered():
            has_more = _timed(lambda: index.merge(is_first=True), pause)
            while has_more:
                has_more = _timed(lambda: index.merge(is_first=False), pause)
        if done > STEP:
            database.dialect.refresh_statistics(database)
    return done


def purge(database: ChatDatabase, characters: Characters) -> bool:
    """Remove all traces of edited and deleted words from the search index, beside running servers.

    Return whether there were any. Raises Unavailable; the next call then does it again.
    """
    return message_index(database, characters).purge()


def _timed(action: Callable[[], Result], pause: Callable[[float], object]) -> Result:
    started = time.monotonic()
    result = action()
    pause(time.monotonic() - started)
    return result


@contextmanager
def _alone(database: ChatDatabase) -> Iterator[bool]:
    """Yield whether no other process fills the index of this SQLite database. PostgreSQL's steps exclude each other."""
    if database.dialect.name != "sqlite":
        yield True
        return
    file = os.open(f"{database.database}-turns", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LOCKED_BYTE)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(file)
