"""The second factors of administrators, with their recovery codes."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import SecondFactor


class SecondFactorStore(Protocol):
    """At most one factor for each account. A call that changes one needs the account's lock."""

    def get(self, user_id: int) -> SecondFactor | None: ...

    def all(self) -> Sequence[SecondFactor]: ...

    def put(self, factor: SecondFactor) -> None:
        """Store the factor in place of the account's earlier one."""

    def replace_secret(self, user_id: int, old: str, new: str) -> bool:
        """Replace the encrypted secret `old` by `new`; return False if it has changed meanwhile."""

    def remove(self, user_id: int) -> bool:
        """Delete the factor with all its codes; return False if there was none."""

    def use_step(self, user_id: int, step: int, *, keep: int) -> bool:
        """Record that the code of a time step was used. Exactly one of any number of concurrent calls returns True.

        Forget the account's steps that are further than `keep` from this one.
        """

    def set_recovery_codes(self, user_id: int, hashes: Collection[str]) -> None:
        """Replace all recovery codes of the account."""

    def use_recovery_code(self, user_id: int, code_hash: str) -> bool:
        """Delete a recovery code. Exactly one of any number of concurrent calls returns True."""

    def recovery_codes_left(self, user_id: int) -> int: ...
