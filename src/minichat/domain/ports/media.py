"""Files of uploaded pictures."""

from collections.abc import Iterable
from typing import Protocol


class MediaStore(Protocol):
    """Keeps uploaded pictures as files under random names. It takes no part in transactions: see `domain.avatars`."""

    def add(self, data: bytes) -> str:
        """Keep the file; return its new name. When it returns, the file is whole and on the disk."""

    def read(self, name: str) -> bytes | None: ...

    def remove(self, name: str) -> None:
        """Remove the file, if there is one. One that can't be removed is no error: it is left to who sweeps later."""

    def names(self) -> Iterable[tuple[str, int]]:
        """The names of all files with their ages in milliseconds, those included that were never finished."""
