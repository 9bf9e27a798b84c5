"""Attempt counts in memory: see `domain.ports.attempts`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import AttemptCount, Timestamp, is_within


class MemoryAttemptStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: str) -> AttemptCount | None:
        self._store.locks.check_attempts(key)
        found = self._store.tables.attempts.get(key)
        return None if found is None else found[0]

    def count(self, key: str, at: Timestamp, window: int) -> AttemptCount:
        attempts = self._store.writable.attempts
        before = attempts[key][0] if key in attempts else AttemptCount(0, at, at)
        if not is_within(window, before.since, at):
            before = AttemptCount(0, at, at)
        count = AttemptCount(before.times + 1, before.since, at)
        attempts[key] = count, count.since + window
        return count

    def forget(self, key: str) -> None:
        self._store.locks.check_attempts(key)
        self._store.writable.attempts.pop(key, None)

    def sweep(self, at: Timestamp, limit: int) -> int:
        attempts = self._store.writable.attempts
        over = [key for key, (_, forget_at) in attempts.items() if forget_at <= at][:limit]
        for key in over:
            del attempts[key]
        return len(over)
