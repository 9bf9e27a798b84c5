"""Password hashes by Argon2id, at OWASP's parameters, bounded in number and off the event loop.

One hash takes about 20 ms of a core and 19 MiB. As many run at once as there are cores; a few more wait; the rest are
told to come back, so a storm of log-ins can't take the machine away from everybody else.
"""

import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from minichat.adapters.offloading import Offload, Turns, run_here

MEMORY_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
AT_ONCE = os.cpu_count() or 1
MOST_WAITING = 64
PATIENCE = 5.0
"""How long a request waits for its turn to hash, in seconds."""


class Argon2Passwords:
    def __init__(self, offload: Offload = run_here) -> None:
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)
        self._turns = Turns(offload, at_once=AT_ONCE, most_waiting=MOST_WAITING, patience=PATIENCE)
        self._nobodys_hash = self._hasher.hash("what a password is checked against when there is no such user")

    def hash(self, password: str) -> str:
        return self._turns.run(lambda: self._hasher.hash(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        is_right = self._turns.run(lambda: self._is_right(password_hash or self._nobodys_hash, password))
        return is_right and bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _is_right(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
