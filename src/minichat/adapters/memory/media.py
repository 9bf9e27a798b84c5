"""Files of pictures in memory: see `domain.ports.media`."""

import secrets
from collections.abc import Iterable

from minichat.domain.model import Timestamp
from minichat.domain.ports import Clock


class MemoryMediaStore:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._files: dict[str, tuple[bytes, Timestamp]] = {}
        """By name: the file and when it was added."""

    def add(self, data: bytes) -> str:
        name = secrets.token_urlsafe(16)
        self._files[name] = data, self._clock()
        return name

    def read(self, name: str) -> bytes | None:
        data, _ = self._files.get(name, (None, None))
        return data

    def remove(self, name: str) -> None:
        self._files.pop(name, None)

    def names(self) -> Iterable[tuple[str, int]]:
        now = self._clock()
        return [(name, now - added_at) for name, (_, added_at) in self._files.items()]
