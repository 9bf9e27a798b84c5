"""Files of uploaded pictures."""

from collections.abc import Iterable
from typing import Protocol


class MediaStore(Protocol):
    """Stores uploaded pictures as files under random names. It takes no part in transactions: see `domain.avatars`."""

    def add(self, data: bytes) -> str:
        """Store the file and return its new name, once the file is complete and synced to disk."""

    def read(self, name: str) -> bytes | None: ...

    def remove(self, name: str) -> None:
        """Remove the file if it exists. A failure raises nothing, because retention tries again."""

    def names(self) -> Iterable[tuple[str, int]]:
        """Return the names of all files, incomplete ones included, with their ages in milliseconds."""
