"""Password hashes by Argon2id with OWASP's parameters, bounded in number and off the event loop.

One hash takes about 20 ms of a core and 19 MiB. As many hashes run at once as there are cores, and a few more wait.
minichat refuses the rest with 503, so that a storm of log-ins leaves room for other requests.
"""

import os

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from minichat.adapters.offloading import ConcurrencyLimit, Offload, run_here

MEMORY_KIB, TIME_COST, PARALLELISM = 19_456, 2, 1
MAX_RUNNING = os.cpu_count() or 1
MAX_WAITING = 64
PATIENCE_SECONDS = 5.0
"""Maximum time that a request waits until its hash can run."""
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$sPNwytb4Q2RW2nyFDbgbhw$szZzk0kSwly6nwlDaoX+an+ObAm/WIhuc/Ayiwj+aOc"
"""The hash to verify for an unknown username, with the same parameters, so that it takes as long as a known one."""


class Argon2Passwords:
    def __init__(self, offload: Offload = run_here) -> None:
        self._hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)
        self._limit = ConcurrencyLimit(
            offload, max_running=MAX_RUNNING, max_waiting=MAX_WAITING, patience_seconds=PATIENCE_SECONDS
        )

    def hash(self, password: str) -> str:
        return self._limit.run(lambda: self._hasher.hash(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        is_right = self._limit.run(lambda: self._is_right(password_hash or DUMMY_HASH, password))
        return is_right and bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _is_right(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
