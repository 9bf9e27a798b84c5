"""The ports for transactions and snapshots, and the locks that a transaction requests when it begins."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol, TypedDict, Unpack


class Locks(TypedDict, total=False):
    """The locks that a transaction holds until it ends: the keyword arguments of `Transaction`.

    The adapter acquires them when the transaction begins, in one fixed order, which prevents deadlocks. A service reads
    the ids before it begins the transaction, and checks inside the transaction that they are still right.
    """

    superusers: bool
    """Which enabled accounts are superusers: needed by each change that may leave the server without any."""
    account: int | None
    """An account with its sessions and refresh tokens, by user id. The lock is exclusive."""
    shared_accounts: Collection[int]
    """Accounts that must not be erased during the transaction, by user id. Transactions can share the lock."""
    room: int
    """A room with its participants, bans, messages and changes; a direct chat with the blocks between its users too."""
    rooms: Collection[int]
    """More rooms, by id."""
    attempts: Collection[str]
    """Attempt counts that a rule reads, by key, including keys without a count. An increment needs no lock, because it
    is atomic."""
    reads_first: bool
    """Whether the block does nothing before its first call of a store. The adapter may then begin, and acquire the
    locks, together with that call. A database server is asked once less, and other transactions wait less."""


class Transaction(Protocol):
    """`with transaction(...):` commits at the end of its block, or rolls back when the block raises an exception."""

    def __call__(
        self, *, patience_seconds: float | None = None, **locks: Unpack[Locks]
    ) -> AbstractContextManager[None]:
        """Begin a transaction that holds `locks`. It can't be nested.

        Other transactions may run at the same time. A rule may rely only on locked rows. A service writes only rows
        that this transaction has locked or created. The exceptions are presence, tickets, figures and
        sweeps.

        Raises Unavailable if the transaction can't begin within `patience_seconds` (the adapter's own limit if None),
        or can't be committed. If the connection is lost during the commit, the transaction may have been committed.
        """


Snapshot = Callable[[], AbstractContextManager[None]]
"""`with snapshot():` makes all reads of its block see the same commit. It has no effect inside a transaction."""
