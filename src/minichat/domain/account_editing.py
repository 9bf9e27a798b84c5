"""Accounts that administrators make and edit, by the rules of registration and of a user's own profile.

A form shows an account at one moment. `edit` needs the version of that moment, so of two administrators at once the
second learns that the account has changed, and nothing of the first is lost. Fields that are not given stay.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

from minichat.domain.account_lookup import existing_user
from minichat.domain.accounts import check_email, check_name, check_username
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.erasure import NAME_KEPT
from minichat.domain.errors import ChangedMeanwhile, UsernameTaken
from minichat.domain.model import AuditEvent, User
from minichat.domain.outbox import Outbox
from minichat.domain.ports import (
    Characters,
    Clock,
    EmailAddress,
    MixesScripts,
    PasswordHasher,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.recovery import Recovery, ResetLink
from minichat.domain.registration import AccountFields, Registration
from minichat.domain.secret_tokens import new_token
from minichat.domain.text import Fields
from minichat.domain.verification import Verification

_EDITED = ("username", "first_name", "last_name", "email")
_VERSION_LENGTH = 16


class EditedFields(TypedDict, total=False):
    """The fields of an account that an administrator can change."""

    username: str
    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEditing:
    transaction: Transaction
    clock: Clock
    characters: Characters
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    email_address: EmailAddress
    password_hasher: PasswordHasher
    user_store: UserStore
    registration: Registration
    recovery: Recovery
    verification: Verification
    outbox: Outbox
    administrators: Administrators
    audit_log: AuditLog

    def create(
        self,
        username: str,
        password: str,
        *,
        by: int | None = None,
        language: str = "en",
        **given: Unpack[AccountFields],
    ) -> User:
        """Create an account, whatever the mode of registration is. Its address gets a mail, to verify it.

        Raises InvalidInput, UsernameTaken or NotAnAdministrator.
        """
        with self._creating(username, password, by, language, given) as user:
            return user

    def create_with_link(
        self, username: str, *, by: int | None = None, language: str = "en", **given: Unpack[AccountFields]
    ) -> ResetLink:
        """Create an account whose password nobody knows, and the link by which the user sets one, or nothing.

        Raises the errors of `create`.
        """
        with self._creating(username, None, by, language, given) as user:
            return self.recovery.add_link(user, by=by, language=language)

    @contextmanager
    def _creating(
        self, username: str, password: str | None, by: int | None, language: str, given: AccountFields
    ) -> Iterator[User]:
        """Begin a transaction that creates an account."""
        new, secret = self.registration.checked(username, password, **given)
        if self.user_store.is_taken(new.username_key, new.joined_at):
            raise UsernameTaken
        new = new._replace(password_hash=self.password_hasher.hash(new_token() if password is None else secret))
        with self.transaction(shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            user = self.user_store.add(new)
            if user is None:
                raise UsernameTaken
            self.verification.begin(user, language)
            self.audit_log.note(AuditEvent.CREATED, about=user.id, by=by)
            yield user
        self.outbox.queued()

    def edit(
        self,
        user_id: int,
        version: str,
        *,
        by: int | None = None,
        language: str = "en",
        **given: Unpack[EditedFields],
    ) -> User:
        """Change the given fields of an account that has `version`: see `version_of`.

        Another e-mail address is not verified, and a verified earlier one is notified. An earlier username stays
        reserved like that of an erased account.

        Raises InvalidInput, UsernameTaken, ChangedMeanwhile, UserNotFound or NotAnAdministrator.
        """
        seen = existing_user(self.user_store, user_id)
        edited = self._checked(seen, given)
        with self.transaction(account=user_id, shared_accounts=accounts(by)):
            self.administrators.refuse_former(by)
            user = existing_user(self.user_store, user_id)
            if version_of(user) != version or version_of(seen) != version:
                raise ChangedMeanwhile
            changed = [field for field in _EDITED if getattr(edited, field) != getattr(user, field)]
            if not changed:
                return user
            # Only the fields of the form: a concurrent request may have changed others.
            edited = user._replace(**{field: getattr(edited, field) for field in (*_EDITED, "username_key")})
            if "username" in changed:
                self._rename(user, edited)
            if "email" in changed:
                edited = edited._replace(email_verified_at=None)
                self.verification.address_changed(user, edited, language)
            self.user_store.update_profile(edited)
            self.audit_log.note(AuditEvent.EDITED, about=user_id, by=by, fields=" ".join(changed))
        self.outbox.queued()
        return edited

    def _rename(self, user: User, edited: User) -> None:
        now = self.clock()
        is_other_name = edited.username_key != user.username_key
        if is_other_name and self.user_store.is_taken(edited.username_key, now):
            raise UsernameTaken
        if not self.user_store.rename(edited, free_at=now + NAME_KEPT):
            raise UsernameTaken

    def _checked(self, user: User, given: EditedFields) -> User:
        """Return the user with the given fields. Raises InvalidInput."""
        fields = Fields()
        # Values from an earlier version, which had fewer rules, may be sent back unchanged.
        edited = user
        if (username := given.get("username", user.username)) != user.username:
            name, key = check_username(fields, username, self.characters, self.username_key, self.mixes_scripts)
            edited = edited._replace(username=name, username_key=key)
        if (first_name := given.get("first_name", user.first_name)) != user.first_name:
            edited = edited._replace(first_name=check_name(fields, "first_name", first_name, self.characters))
        if (last_name := given.get("last_name", user.last_name)) != user.last_name:
            edited = edited._replace(last_name=check_name(fields, "last_name", last_name, self.characters))
        if (email := given.get("email", user.email)) != user.email:
            edited = edited._replace(email=check_email(fields, email, self.email_address))
        fields.check()
        return edited


def version_of(user: User) -> str:
    """Return a digest of the account's fields in the form."""
    shown = "\0".join([*(getattr(user, field) for field in _EDITED), str(user.email_verified_at)])
    return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:_VERSION_LENGTH]
