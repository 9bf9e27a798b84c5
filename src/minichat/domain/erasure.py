"""Erase an account: its messages stay, and their author becomes anonymous.

A row without name, picture and password remains, so that every message has an author and every direct chat two
participants. Digests of edited and deleted messages are deleted, and so are blocks by the user and of the user. Reports
that the user made stay without the name. The audit log keeps its entries until their retention ends; they name the
account by its id. Each step is in the service or store that owns the data.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from minichat.domain.account_links import AccountLinks
from minichat.domain.account_lookup import existing_user
from minichat.domain.accounts import ERASED_PREFIX
from minichat.domain.administrators import Administrators, accounts
from minichat.domain.audit import AuditLog
from minichat.domain.avatars import discard_picture
from minichat.domain.model import DAY, NO_ROOM, AuditEvent, Caller, Change, ChangeKind, Device, Timestamp, User
from minichat.domain.participation import LEAVE_BATCH, Participation
from minichat.domain.ports import (
    BanStore,
    BlockStore,
    ChangeStore,
    Clock,
    FigureStore,
    InvitationStore,
    MailStore,
    MediaStore,
    MentionStore,
    MessageStore,
    ReactionStore,
    ReportStore,
    SecondFactorStore,
    SessionStore,
    Transaction,
    UserStore,
)
from minichat.domain.reactions import Reactions
from minichat.domain.sessions import Sessions
from minichat.domain.superusers import Superusers

NAME_KEPT = 30 * DAY
"""How long the name of an erased account stays reserved, so that no other user is mistaken for its owner."""


class _AccountLocks(TypedDict):
    account: int
    shared_accounts: Collection[int]


class _Erasing(NamedTuple):
    """One erasure: the account and its author."""

    user_id: int
    by: int | None
    session_id: int | None = None
    """The session in which a user erases their own account. It must live until the end."""
    device: Device | None = None
    """The device of that session."""

    @property
    def accounts(self) -> _AccountLocks:
        """The locks of the accounts that each transaction of the erasure holds."""
        return {"account": self.user_id, "shared_accounts": accounts(self.by)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    ban_store: BanStore
    invitation_store: InvitationStore
    block_store: BlockStore
    report_store: ReportStore
    second_factor_store: SecondFactorStore
    figure_store: FigureStore
    change_store: ChangeStore
    message_store: MessageStore
    media_store: MediaStore
    mail_store: MailStore
    reaction_store: ReactionStore
    mention_store: MentionStore
    account_links: AccountLinks
    reactions: Reactions
    sessions: Sessions
    superusers: Superusers
    administrators: Administrators
    participation: Participation
    audit_log: AuditLog

    def erase(self, caller: Caller, password: str, device: Device = Device()) -> None:
        """Erase the caller's account: leave all rooms and end all sessions, in one transaction.

        A transaction blocks the writers of its rooms, and listeners wait for it. A user in hundreds of rooms therefore
        leaves most of them in earlier transactions, a hundred in each. After an interruption the user has to try again.

        Raises InvalidInput on a wrong `password`, TooManyAttempts, LastSuperuser, or SessionEnded if a concurrent
        request has erased the account.
        """
        self.sessions.verify_password(caller, password, "password", device)
        self._run(_Erasing(caller.user.id, by=caller.user.id, session_id=caller.session.id, device=device))

    def erase_account(self, user_id: int, *, by: int | None = None) -> None:
        """Erase an account as an operator; `by` is the administrator, or None for the command line.

        Raises UserNotFound, LastSuperuser or NotAnAdministrator.
        """
        self._run(_Erasing(user_id, by=by))

    def _run(self, erasing: _Erasing) -> None:
        self.superusers.keep_one(self._current(erasing))  # before a room is left; the last transaction decides
        self._note_beginning(erasing)
        self._leave_most_rooms(erasing)
        user = None
        while user is None:
            self._take_reactions_back(erasing)
            user = self._erase(erasing)
        discard_picture(self.media_store, user.avatar_url)

    def _current(self, erasing: _Erasing) -> User:
        """Return the account.

        Raises SessionEnded if its user has lost the session meanwhile, or UserNotFound.
        """
        if erasing.session_id is not None:
            return self.sessions.authenticate(erasing.session_id, erasing.user_id).user
        self.administrators.refuse_former(erasing.by)
        return existing_user(self.user_store, erasing.user_id)

    def _note_beginning(self, erasing: _Erasing) -> None:
        """Record an operator's erasure that takes several transactions, so that an interrupted one has a trace."""
        is_one_transaction = len(self.participation.ids_of(erasing.user_id)) < LEAVE_BATCH
        is_own = erasing.session_id is not None
        if is_own or (is_one_transaction and not self.reactions.some_of(erasing.user_id)):
            return
        with self.transaction(**erasing.accounts):
            self._current(erasing)
            self.audit_log.note(AuditEvent.DELETION_BEGUN, about=erasing.user_id, by=erasing.by)

    def _leave_most_rooms(self, erasing: _Erasing) -> None:
        """Leave the user's rooms in transactions of `LEAVE_BATCH` rooms, until fewer remain."""
        room_ids = self.participation.ids_of(erasing.user_id)
        for end in range(LEAVE_BATCH, len(room_ids) + 1, LEAVE_BATCH):
            some = room_ids[end - LEAVE_BATCH : end]
            with self.transaction(**erasing.accounts, rooms=some):
                self._current(erasing)
                self.participation.leave_each(erasing.user_id, some)

    def _take_reactions_back(self, erasing: _Erasing) -> None:
        """Take back all reactions of the user, in small transactions: each has an event."""
        while reactions := self.reactions.some_of(erasing.user_id):
            with self.transaction(**erasing.accounts, rooms=self.reactions.rooms_of(reactions)):
                self._current(erasing)
                self.reactions.take_back(reactions)

    def _erase(self, erasing: _Erasing) -> User | None:
        """Erase the account; return the former account. Do nothing and return None if it has changed meanwhile.

        Only the erasure of a superuser holds `superusers`: the others don't wait for each other.
        """
        room_ids = self.participation.ids_of(erasing.user_id)
        is_superuser = self._current(erasing).is_superuser
        with self.transaction(superusers=is_superuser, rooms=room_ids, **erasing.accounts):
            user = self._current(erasing)
            is_new = not set(self.participation.ids_of(user.id)).issubset(room_ids)
            is_promoted = user.is_superuser and not is_superuser
            if is_new or is_promoted or self.reactions.some_of(user.id):
                return None  # changed before this transaction held the account
            self.superusers.keep_one(user)
            now = self.clock()
            # The others in direct chats, which stay, learn that nobody reads there any more.
            for chat in self.participation.leave_each(user.id, room_ids):
                self.change_store.record(
                    Change(ChangeKind.PARTICIPANT_UPDATED, chat.room_id, now, user_id=user.id, role=chat.role)
                )
            self.ban_store.erase(user.id)
            self.invitation_store.erase(user.id)
            # The blockers of the user receive the end of their blocks.
            lifted = Change(ChangeKind.BLOCK_CHANGED, NO_ROOM, now, other_id=user.id)
            self.change_store.record_all(lifted, self.block_store.erase(user.id))
            self.report_store.erase(user.id)
            self.second_factor_store.remove(user.id)
            self.figure_store.erase(user.id)
            self.message_store.forget_digests(user.id)
            self.message_store.forget_pinner(user.id)
            self.reaction_store.erase(user.id)
            # With its content, a mention would show to whom the remaining account belonged.
            self.mention_store.erase(user.id)
            self.user_store.erase(_remains(user, now), free_at=now + NAME_KEPT)
            self.session_store.erase(user.id, now)
            self.account_links.void(user.id)
            self.mail_store.erase(user.id)
            self.audit_log.note(
                AuditEvent.DELETED,
                about=user.id,
                by=erasing.by,
                session_id=erasing.session_id,
                device=erasing.device,
            )
        return user


def _remains(user: User, now: Timestamp) -> User:
    """Return the row that remains of a user."""
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
