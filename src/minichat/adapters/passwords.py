"""Password hashes by Argon2id, at OWASP's parameters, bounded in number and off the event loop.

One hash takes about 20 ms of a core and 19 MiB. As many run at once as there are cores; a few more wait; the rest are
told to come back, so a storm of log-ins can't take the machine away from everybody else.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from minichat.domain.errors import Unavailable

MEMORY_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
AT_ONCE = os.cpu_count() or 1
MOST_WAITING = 64
PATIENCE = 5.0
"""How long a request waits for its turn to hash, in seconds."""

Offload = Callable[[Callable[[], str | bool]], str | bool]
"""Runs a blocking function where it does not hold up other requests, and returns what it returned."""


def run_here(function: Callable[[], str | bool]) -> str | bool:
    """The `Offload` of a process with a thread per request: Argon2 lets the other threads run by itself."""
    return function()


class Argon2Passwords:
    def __init__(self, offload: Offload = run_here) -> None:
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)
        self._offload = offload
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys_hash = self._hasher.hash("what a password is checked against when there is no such user")

    def hash(self, password: str) -> str:
        with self._turn():
            return str(self._offload(lambda: self._hasher.hash(password)))

    def verify(self, password_hash: str | None, password: str) -> bool:
        with self._turn():
            is_right = bool(self._offload(lambda: self._is_right(password_hash or self._nobodys_hash, password)))
        return is_right and password_hash is not None

    def needs_rehash(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _is_right(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("too many passwords are being checked")
        self._waiting += 1
        try:
            is_mine = self._turns.acquire(timeout=PATIENCE)
        finally:
            self._waiting -= 1
        if not is_mine:
            raise Unavailable("checking passwords takes too long")
        try:
            yield
        finally:
            self._turns.release()
