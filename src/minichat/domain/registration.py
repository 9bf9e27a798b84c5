"""Registration: a new account with its first session. The rules for its fields are in `accounts`."""

from dataclasses import dataclass
from typing import TypedDict, Unpack

from minichat.domain.accounts import check_email, check_name, check_password, check_username
from minichat.domain.audit import AuditLog
from minichat.domain.errors import InvitationNotFound, InvitationRequired, RegistrationClosed, UsernameTaken
from minichat.domain.invitations import Invitations
from minichat.domain.model import AuditEvent, Device, Figure, NewUser, RegistrationMode, ShownRoom, User
from minichat.domain.outbox import Outbox
from minichat.domain.ports import (
    Characters,
    Clock,
    CommonPasswords,
    EmailAddress,
    MixesScripts,
    PasswordHasher,
    Tally,
    Transaction,
    UsernameKey,
    UserStore,
)
from minichat.domain.sessions import Grant, Sessions
from minichat.domain.text import Fields
from minichat.domain.throttling import Throttling
from minichat.domain.verification import Verification


class AccountFields(TypedDict, total=False):
    """The optional fields of a registration."""

    password_confirm: str | None
    email: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    transaction: Transaction
    clock: Clock
    characters: Characters
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    is_common_password: CommonPasswords
    email_address: EmailAddress
    password_hasher: PasswordHasher
    user_store: UserStore
    tally: Tally
    sessions: Sessions
    invitations: Invitations
    throttling: Throttling
    verification: Verification
    outbox: Outbox
    audit_log: AuditLog
    mode: RegistrationMode

    def check_gate(self, invite: str | None = None) -> None:
        """Raise an error if the mode of this server admits nobody, or nobody with this token of an invitation.

        A registration that is refused here must reveal nothing, so this precedes every other check. Raises
        RegistrationClosed or InvitationRequired.
        """
        if self.mode == RegistrationMode.CLOSED:
            raise RegistrationClosed
        if self.mode == RegistrationMode.INVITE:
            if invite is None:
                raise InvitationRequired
            try:
                self.invitations.preview(invite)
            except InvitationNotFound as error:
                raise InvitationRequired from error

    def register(
        self,
        username: str,
        password: str,
        *,
        device: Device = Device(),
        language: str = "en",
        **given: Unpack[AccountFields],
    ) -> tuple[User, Grant]:
        """Create an account and its first session, or nothing. Its address gets a mail in `language`, to verify it.

        Raises the errors of `check_gate`, InvalidInput, UsernameTaken or TooManyAttempts.
        """
        self.check_gate()
        self.throttling.check_registration(device)
        new = self._with_hash(*self.checked(username, password, **given), device)
        with self.transaction():
            user, grant = self._add_with_session(new, device, language)
        self.outbox.queued()
        self.tally.count(Figure.REGISTRATIONS)
        return user, grant

    def register_invited(
        self,
        invite: str,
        username: str,
        password: str,
        *,
        device: Device = Device(),
        language: str = "en",
        **given: Unpack[AccountFields],
    ) -> tuple[User, Grant, ShownRoom]:
        """Do the same with the token of an invitation, and join its room in the same transaction.

        Raises the errors of `register`, or InvitationNotFound, which comes before the name is looked up.
        """
        self.check_gate(invite)
        self.throttling.check_registration(device)
        new, secret = self.checked(username, password, **given)
        invitation = self.invitations.preview(invite).invitation
        new = self._with_hash(new, secret, device)
        with self.transaction(room=invitation.room_id, shared_accounts=[invitation.created_by]):
            user, grant = self._add_with_session(new, device, language)
            shown = self.invitations.admit(user.id, invite)
        self.outbox.queued()
        self.tally.count(Figure.REGISTRATIONS)
        return user, grant, shown

    def create_superuser(self, username: str, password: str, email: str = "") -> User:
        """Create an account that may use the administration. Raises the same errors as `register`."""
        new, secret = self.checked(username, password, email=email)
        password_hash = self.password_hasher.hash(secret)
        with self.transaction():
            user = self._add(new._replace(password_hash=password_hash, is_superuser=True))
            self.audit_log.note(AuditEvent.SUPERUSER_CREATED, about=user.id)
            return user

    def check(
        self, *, username: str | None = None, password: str | None = None, **given: Unpack[AccountFields]
    ) -> None:
        """Raise InvalidInput if a given field breaks a rule. Read and change nothing."""
        self.checked(username, password, **given)

    def checked(
        self,
        username: str | None,
        password: str | None,
        password_confirm: str | None = None,
        email: str = "",
        first_name: str = "",
        last_name: str = "",
    ) -> tuple[NewUser, str]:
        """Return the account without a password hash, and the password in the form to hash. Raises InvalidInput.

        A missing username or password breaks no rule.
        """
        fields = Fields()
        name = key = secret = ""
        if username is not None:
            name, key = check_username(fields, username, self.characters, self.username_key, self.mixes_scripts)
        if password is not None:
            secret = check_password(fields, "password", password, self.username_key, key, self.is_common_password)
            if password_confirm is not None and password_confirm != password:
                fields.wrong("password_confirm", "not_equal")
        first_name = check_name(fields, "first_name", first_name, self.characters)
        last_name = check_name(fields, "last_name", last_name, self.characters)
        address = check_email(fields, email, self.email_address)
        fields.check()
        return NewUser(name, key, "", first_name, last_name, address, self.clock()), secret

    def _with_hash(self, new: NewUser, secret: str, device: Device) -> NewUser:
        """Return the account with the hash of its password. Raises UsernameTaken, which saves the slow hash.

        Between concurrent registrations of a name, the insert decides.
        """
        if self.user_store.is_taken(new.username_key, new.joined_at):
            with self.transaction():
                self.throttling.count_registration(device)
            raise UsernameTaken
        return new._replace(password_hash=self.password_hasher.hash(secret))

    def _add_with_session(self, new: NewUser, device: Device, language: str) -> tuple[User, Grant]:
        """Add the account and its first session, inside the caller's transaction. Raises UsernameTaken."""
        user = self._add(new)
        grant = self.sessions.open(user, device)
        self.verification.begin(user, language)
        self.throttling.count_registration(device)
        self.audit_log.note(
            AuditEvent.REGISTERED, about=user.id, by=user.id, session_id=grant.session.id, device=device
        )
        return user._replace(last_seen_at=grant.issued_at), grant

    def _add(self, new: NewUser) -> User:
        user = self.user_store.add(new)
        if user is None:
            raise UsernameTaken
        return user
