"""The locks of a memory transaction: no transaction waits for them, but using a row without its lock is an error.

The memory store has one writer at a time and needs no locks. On PostgreSQL a forgotten lock is a race that tests rarely
find. Here it raises RuntimeError in the unit test of the service.
"""

from collections.abc import Iterable

from minichat.domain.ports.transactions import Locks


class HeldLocks:
    """The locks that a transaction requested, and the accounts and rooms that it added."""

    def __init__(self, locks: Locks) -> None:
        account = locks.get("account")
        self._accounts = set() if account is None else {account}
        self._shared_accounts = set(locks.get("shared_accounts", ()))
        self._rooms = set(locks.get("rooms", ()))
        if "room" in locks:
            self._rooms.add(locks["room"])
        self._attempts = set(locks.get("attempts", ()))
        self._has_superusers = locks.get("superusers", False)

    def added_account(self, user_id: int) -> None:
        """Record that the transaction added the account, so no other transaction can see it."""
        self._accounts.add(user_id)

    def added_room(self, room_id: int) -> None:
        """Record that the transaction added the room, so no other transaction can see it."""
        self._rooms.add(room_id)

    def check_account(self, user_id: int) -> None:
        """Raise RuntimeError unless the transaction holds the account."""
        if user_id not in self._accounts:
            raise RuntimeError(f"the transaction does not hold the account: begin it with account={user_id}")

    def check_shared_accounts(self, user_ids: Iterable[int]) -> None:
        """Raise RuntimeError unless the transaction holds or shares the accounts."""
        missing = set(user_ids) - self._accounts - self._shared_accounts
        if missing:
            raise RuntimeError(f"the transaction does not hold the accounts {missing}: begin it with shared_accounts")

    def check_room(self, room_id: int) -> None:
        """Raise RuntimeError unless the transaction holds the room."""
        if room_id not in self._rooms:
            raise RuntimeError(f"the transaction does not hold the room: begin it with room={room_id}")

    def has_room(self, room_id: int) -> bool:
        """Return whether the transaction holds the room."""
        return room_id in self._rooms

    def check_attempts(self, key: str) -> None:
        """Raise RuntimeError unless the transaction holds the attempt count."""
        if key not in self._attempts:
            raise RuntimeError(f"the transaction does not hold the attempt count: begin it with attempts=[{key!r}]")

    def check_superusers(self) -> None:
        """Raise RuntimeError unless the transaction holds the set of superusers."""
        if not self._has_superusers:
            raise RuntimeError("the transaction does not hold the superusers: begin it with superusers=True")


class NoLocks(HeldLocks):
    """The checks outside of a transaction: they accept every read, because reads there need no lock."""

    def __init__(self) -> None:
        super().__init__({})

    def check_account(self, user_id: int) -> None: ...

    def check_shared_accounts(self, user_ids: Iterable[int]) -> None: ...

    def check_room(self, room_id: int) -> None: ...

    def check_attempts(self, key: str) -> None: ...

    def check_superusers(self) -> None: ...
