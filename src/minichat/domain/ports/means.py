"""Ports for what is no store of the chat: transactions, the clock, hashing, pictures, files, notices."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from minichat.domain.model import Notice, Timestamp


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

Clock = Callable[[], Timestamp]
"""The time now."""

UsernameKey = Callable[[str], str]
"""The key by which a username is compared. Raises ValueError for a name that can't be one (RFC 8265)."""

MixesScripts = Callable[[str], bool]
"""Whether a username mixes scripts that are not written together, as one letter is taken for another (UTS #39)."""

CommonPasswords = Callable[[str], bool]
"""Whether a password, in NFC, is one of the most common, in whatever case."""

EmailAddress = Callable[[str], str]
"""The normal form of an e-mail address. Raises ValueError for what is none (RFC 5321, RFC 6531)."""


class Passwords(Protocol):
    """Hashes passwords, slowly on purpose. Raises Unavailable when too many are being hashed already."""

    def hash(self, password: str) -> str:
        """Return a salted hash of `password`."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether `password` made `password_hash`. None or "" is False and takes as long as any other hash."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether `hash` would go about it differently today than when it made `password_hash`."""


class Pictures(Protocol):
    """Makes pictures fit to be shown, slowly. Raises Unavailable when too many are being made already."""

    def square(self, data: bytes) -> bytes:
        """Make of an uploaded PNG, JPEG, WebP or GIF a square in WebP: see `domain.avatars` for the sizes.

        It is turned as its EXIF says, and holds nothing of the file but its colours. Raises InvalidInput on `file`
        for everything else: `not_a_picture`, `too_many_pixels`.
        """


class Media(Protocol):
    """Keeps uploaded pictures as files under random names. It takes no part in transactions: see `domain.avatars`."""

    def add(self, data: bytes) -> str:
        """Keep the file; return its new name. When it returns, the file is whole and on the disk."""

    def read(self, name: str) -> bytes | None: ...

    def remove(self, name: str) -> None:
        """Remove the file, if there is one. One that can't be removed is no error: it is left to who sweeps later."""

    def names(self) -> Iterable[tuple[str, int]]:
        """The names of all files with their ages in milliseconds, those included that were never finished."""


class Notices(Protocol):
    """Where all workers leave short notices for one another, which nobody keeps."""

    def leave(self, notice: Notice, pause: int) -> bool:
        """Leave a notice, unless the same user left one in the same room less than `pause` milliseconds before."""

    def end(self) -> int:
        """The place behind the newest notice."""

    def after(self, place: int) -> tuple[Sequence[Notice], int]:
        """The notices after a place, in order, with the place behind them; who comes late finds the newest alone."""
