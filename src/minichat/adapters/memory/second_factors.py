"""Second factors in memory: see `domain.ports.second_factors`."""

from collections.abc import Collection, Sequence

from minichat.adapters.memory.store import Store
from minichat.domain.model import SecondFactor


class MemorySecondFactorStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, user_id: int) -> SecondFactor | None:
        return self._store.tables.second_factors.get(user_id)

    def all(self) -> Sequence[SecondFactor]:
        return [factor for _, factor in sorted(self._store.tables.second_factors.items())]

    def put(self, factor: SecondFactor) -> None:
        self._store.locks.check_account(factor.user_id)
        self._store.writable.second_factors[factor.user_id] = factor

    def replace_secret(self, user_id: int, old: str, new: str) -> bool:
        self._store.locks.check_account(user_id)
        factors = self._store.writable.second_factors
        factor = factors.get(user_id)
        if factor is None or factor.secret != old:
            return False
        factors[user_id] = factor._replace(secret=new)
        return True

    def remove(self, user_id: int) -> bool:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        tables.used_steps = {key for key in tables.used_steps if key[0] != user_id}
        tables.recovery_codes = {key for key in tables.recovery_codes if key[0] != user_id}
        return tables.second_factors.pop(user_id, None) is not None

    def use_step(self, user_id: int, step: int, *, keep: int) -> bool:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        is_new = (user_id, step) not in tables.used_steps
        near = {(owner, used) for owner, used in tables.used_steps if owner != user_id or abs(used - step) <= keep}
        tables.used_steps = near | {(user_id, step)}
        return is_new

    def set_recovery_codes(self, user_id: int, hashes: Collection[str]) -> None:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        others = {key for key in tables.recovery_codes if key[0] != user_id}
        tables.recovery_codes = others | {(user_id, code_hash) for code_hash in hashes}

    def use_recovery_code(self, user_id: int, code_hash: str) -> bool:
        self._store.locks.check_account(user_id)
        codes = self._store.writable.recovery_codes
        is_left = (user_id, code_hash) in codes
        codes.discard((user_id, code_hash))
        return is_left

    def recovery_codes_left(self, user_id: int) -> int:
        return sum(owner == user_id for owner, _ in self._store.tables.recovery_codes)
