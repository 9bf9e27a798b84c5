"""Administrators: an act counts only if its author is an administrator when it is committed.

The pages check the cookie of each request, and the commands need access to the server. This module closes the gap
between that check and the act: an account may be disabled or demoted meanwhile. Each service of the administration
calls it inside its own transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass

from minichat.domain.errors import NotAnAdministrator
from minichat.domain.ports import Clock, SessionStore, UserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrators:
    clock: Clock
    user_store: UserStore
    session_store: SessionStore

    def refuse_former(self, by: int | None) -> None:
        """Raise NotAnAdministrator for somebody who is no longer an administrator.

        The transaction must share the account: see `accounts`.
        """
        if not self.may_act(by):
            raise NotAnAdministrator

    def may_act(self, by: int | None) -> bool:
        """Return whether `by` is an enabled superuser, or None for the command line."""
        if by is None:
            return True
        user = self.user_store.by_ids([by]).get(by)
        return user is not None and user.is_active and user.is_superuser and not user.is_erased

    def refuse_ended(self, admin_id: int, session_id: int) -> None:
        """Raise NotAnAdministrator unless the session is live and belongs to this administrator.

        Inside a transaction, this needs the lock of the account.
        """
        caller = self.session_store.caller(session_id)
        if caller is None or caller.user.id != admin_id or not caller.is_live(self.clock()):
            raise NotAnAdministrator
        self.refuse_former(admin_id)


def accounts(by: int | None) -> Collection[int]:
    """Return the accounts that a transaction shares for an act of an administrator, or of the command line."""
    return () if by is None else (by,)
