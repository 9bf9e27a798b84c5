"""Superusers: the rights to the administration, and the rule that an enabled superuser always remains.

Without one, nobody could open the administration any more. Every change that disables, demotes or erases an account
asks `keep_one`, under one lock, so two such changes at once can't both take the last one.
"""

from dataclasses import dataclass

from minichat.domain.account_lookup import existing_user
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.errors import LastSuperuser
from minichat.domain.model import AuditEvent, User
from minichat.domain.ports import Clock, SessionStore, Transaction, UserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Superusers:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    administrators: Administrators
    audit_log: AuditLog

    def keep_one(self, user: User) -> None:
        """Raise LastSuperuser if the user is the only enabled superuser.

        Call this before the user is disabled, demoted or erased, inside the transaction, which holds `superusers` and
        the account.
        """
        if user.is_superuser and user.is_active and not self.user_store.has_superuser_besides(user.id):
            raise LastSuperuser

    def grant(self, user_id: int, *, by: int | None = None) -> tuple[User, bool]:
        """Make the user a superuser; False if they were one already.

        Raises UserNotFound or NotAnAdministrator.
        """
        with self.transaction(account=user_id, shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            user = existing_user(self.user_store, user_id)
            is_new = self.user_store.set_superuser(user_id, True)
            if is_new:
                self.audit_log.note(AuditEvent.SUPERUSER_GRANTED, about=user_id, by=by)
        return user._replace(is_superuser=True), is_new

    def revoke(self, user_id: int, *, by: int | None = None) -> tuple[User, bool]:
        """Take the rights back and end all sessions; False if the user was no superuser.

        Raises UserNotFound, LastSuperuser or NotAnAdministrator.
        """
        with self.transaction(superusers=True, account=user_id, shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            user = existing_user(self.user_store, user_id)
            self.keep_one(user)
            is_new = self.user_store.set_superuser(user_id, False)
            if is_new:
                ended = self.session_store.end_all(user_id, self.clock())
                self.audit_log.note(AuditEvent.SUPERUSER_REVOKED, about=user_id, by=by, ended=ended)
        return user._replace(is_superuser=False), is_new
