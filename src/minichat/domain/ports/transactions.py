"""The ports for transactions and snapshots, and the locks that a transaction requests when it begins."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol, TypedDict, Unpack


class Locks(TypedDict, total=False):
    """What stays as it is until a transaction ends: the keyword arguments of `Transaction`.

    The adapter acquires them when the transaction begins, in one order for everybody, so that no two transactions wait
    for each other. A service finds the ids before it begins and checks inside that they still hold.
    """

    account: int | None
    """An account with its sessions and refresh tokens, by user id: no other transaction locks or shares it."""
    shared_accounts: Collection[int]
    """Accounts that must not be erased meanwhile, by user id: other transactions may share the lock."""
    room: int
    """A room with its participants, bans, messages and changes."""
    rooms: Collection[int]
    """More rooms, by id."""
    attempts: Collection[str]
    """Attempt counts that a rule reads, by key, including keys that nothing was counted under yet. Counting one more
    needs no lock: it is one step."""


class Transaction(Protocol):
    """`with transaction(...):` commits when its block ends and rolls back when an exception leaves it."""

    def __call__(self, *, patience: float | None = None, **locks: Unpack[Locks]) -> AbstractContextManager[None]:
        """Begin a transaction that holds `locks`. It can't be nested.

        Other transactions may run at the same time. A rule may rely only on rows that are locked, and a service writes
        only what it has locked or made itself in this transaction. Exceptions: presence, tickets and sweeps.

        Raises Unavailable if the transaction can't begin within `patience` seconds (the adapter's own limit if None),
        or can't be committed. If the connection is lost during the commit, the transaction may have been committed.
        """


Snapshot = Callable[[], AbstractContextManager[None]]
"""`with snapshot():` makes all reads of its block see one moment; inside a transaction it changes nothing."""
