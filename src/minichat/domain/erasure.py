"""Erasing an account: what was said stays, and who said it is forgotten.

What is left is a row without a name, a face or a password, so that every message still has an author and every direct
chat two participants. Of what was said and taken back not even a digest stays. The audit log keeps its entries for as
long as it keeps any: they name the account by its id.
"""

from dataclasses import dataclass

from minichat.domain.accounts import ERASED_PREFIX
from minichat.domain.audit import AuditLog
from minichat.domain.avatars import discard_picture
from minichat.domain.model import DAY, AuditEvent, Caller, Device, Timestamp, User
from minichat.domain.ports import BanStore, Clock, MediaStore, MessageStore, SessionStore, Transaction, UserStore
from minichat.domain.rooms import Rooms
from minichat.domain.sessions import Sessions

NAME_KEPT = 30 * DAY
"""How long nobody may have the name of an erased account, lest they be taken for who had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    ban_store: BanStore
    message_store: MessageStore
    media_store: MediaStore
    sessions: Sessions
    rooms: Rooms
    audit_log: AuditLog

    def erase(self, caller: Caller, password: str, device: Device = Device()) -> None:
        """Erase the caller's account: rooms are left, all sessions end, all or nothing.

        Only who is in hundreds of rooms leaves most of them before that, a hundred at a time: nobody else can write in
        those that one transaction leaves, and who listens waits for it. Broken off, it is to be asked for again.

        Raises InvalidInput on `password` if it is wrong, TooManyAttempts, or SessionEnded if another request that came
        at the same time has done it.
        """
        self.sessions.verify_password(caller, password, "password", device)
        after: int | None = 0
        while after is not None:
            with self.transaction():
                self.sessions.authenticate(caller.session.id, caller.user.id)
                after = self.rooms.leave_some(caller.user.id, after)
        with self.transaction():
            user = self.sessions.authenticate(caller.session.id, caller.user.id).user
            now = self.clock()
            self.rooms.leave_all(user.id)
            self.ban_store.erase(user.id)
            self.message_store.forget_digests(user.id)
            self.user_store.erase(_remains(user, now), free_at=now + NAME_KEPT)
            self.session_store.erase(user.id, now)
            self.audit_log.note(
                AuditEvent.DELETED, about=user.id, by=user.id, session_id=caller.session.id, device=device
            )
        discard_picture(self.media_store, user.avatar_url)


def _remains(user: User, now: Timestamp) -> User:
    """What is left of a user."""
    name = f"{ERASED_PREFIX}{user.id}"
    return User(
        id=user.id,
        username=name,
        username_key=name,
        first_name="",
        last_name="",
        email="",
        avatar_url="",
        is_active=False,
        is_superuser=False,
        joined_at=user.joined_at,
        last_seen_at=None,
        deleted_at=now,
    )
