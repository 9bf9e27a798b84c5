"""Transactions and snapshots."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Transaction(Protocol):
    """`with transaction():` commits when its block ends and rolls back when an exception leaves it. It can't be nested.

    Others may write at the same time. What is looked up of one account, session or tally, and by `Rooms.access`, `view`
    and `all_of`, stays as it is until the block ends, and so do the messages and participants of such a room.

    Raises Unavailable if it can't begin within `patience` seconds, or within the adapter's own if that is None, and if
    it can't be committed. Should the connection be lost while it commits, it may have been made all the same.
    """

    def __call__(self, patience: float | None = None) -> AbstractContextManager[None]: ...


Snapshot = Callable[[], AbstractContextManager[None]]
"""`with snapshot():` makes all reads of its block see one moment; inside a transaction it changes nothing."""
