"""The export of all stored data about a user, in pages, because an account can have a million messages.

It contains no hash, no token, and nothing of other users except names: of rooms, of partners in direct chats, and of
blocked users. This module knows no format: the API writes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from minichat.domain.audit import AuditLog
from minichat.domain.model import (
    AuditEntry,
    AuditEvent,
    Ban,
    Block,
    Caller,
    Device,
    FactorState,
    Invitation,
    MailRecord,
    Membership,
    Message,
    Reaction,
    Report,
    Room,
    Session,
    Timestamp,
    User,
)
from minichat.domain.ports import (
    BanStore,
    BlockStore,
    Clock,
    InvitationStore,
    MailStore,
    MentionStore,
    MessageStore,
    ReactionStore,
    ReportStore,
    RoomStore,
    SecondFactorStore,
    SessionStore,
    Transaction,
    UserStore,
)
from minichat.domain.second_factor import factor_state

T = TypeVar("T")

PAGE = 200
"""Maximum number of records in memory."""


class DataExport(NamedTuple):
    """The data about one user. Each page is read on demand, so pages can show different moments."""

    at: Timestamp
    account: User
    second_factor: FactorState
    sessions: Iterator[Sequence[Session]]
    """All stored sessions, ended or not."""
    rooms: Iterator[Sequence[tuple[Room, Membership]]]
    """The user's current rooms; a direct chat is named after the other user."""
    bans: Iterator[Sequence[Ban]]
    """The bans of the user."""
    invitations: Iterator[Sequence[Invitation]]
    """The invitations that the user created, without their tokens."""
    blocks: Iterator[Sequence[tuple[Block, User]]]
    """The blocks by the user, each with the blocked user; never the blocks of the user by others."""
    reports: Iterator[Sequence[Report]]
    """The reports that the user made; never reports about the user."""
    messages: Iterator[Sequence[tuple[Message, Sequence[User]]]]
    """All messages of the user with the people whom they mention, also in rooms that the user has left.

    Deleted messages have no content."""
    mentions: Iterator[Sequence[Message]]
    """The messages that mention the user and that the user may read, the newest first: see `Mentions.page`."""
    reactions: Iterator[Sequence[Reaction]]
    pins: Iterator[Sequence[Message]]
    """The messages that the user has pinned."""
    mails: Iterator[Sequence[MailRecord]]
    """The mails of the last day, and those that wait."""
    audit: Iterator[Sequence[AuditEntry]]
    """The audit entries about the user, the newest first, without the devices of other users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    transaction: Transaction
    clock: Clock
    user_store: UserStore
    session_store: SessionStore
    second_factor_store: SecondFactorStore
    room_store: RoomStore
    ban_store: BanStore
    invitation_store: InvitationStore
    block_store: BlockStore
    report_store: ReportStore
    message_store: MessageStore
    reaction_store: ReactionStore
    mention_store: MentionStore
    mail_store: MailStore
    audit_log: AuditLog

    def begin(self, caller: Caller, device: Device = Device()) -> DataExport:
        """Record the export in the audit log and return the data. The end of the session does not stop the export."""
        user_id = caller.user.id
        with self.transaction():
            self.audit_log.note(
                AuditEvent.EXPORTED, about=user_id, by=user_id, session_id=caller.session.id, device=device
            )
        return DataExport(
            at=self.clock(),
            account=caller.user,
            second_factor=factor_state(self.second_factor_store, user_id),
            sessions=_pages(lambda after: self.session_store.all_of(user_id, after, PAGE), lambda session: session.id),
            rooms=self._rooms_of(user_id),
            bans=_pages(lambda after: self.ban_store.all_of(user_id, after, PAGE), lambda ban: ban.id),
            invitations=_pages(
                lambda after: self.invitation_store.all_of(user_id, after, PAGE), lambda invitation: invitation.id
            ),
            blocks=self._blocks_by(user_id),
            reports=_pages(lambda after: self.report_store.all_by(user_id, after, PAGE), lambda report: report.head.id),
            messages=self._messages_by(user_id),
            mentions=self._mentions_of(user_id),
            reactions=_pages(
                lambda after: self.reaction_store.all_of(user_id, after, PAGE), lambda reaction: reaction.id
            ),
            pins=_pages(lambda after: self.message_store.pinned_by(user_id, after, PAGE), lambda message: message.id),
            mails=_pages(lambda after: self.mail_store.all_of(user_id, after, PAGE), lambda mail: mail.id),
            audit=self._entries_about(user_id),
        )

    def _rooms_of(self, user_id: int) -> Iterator[Sequence[tuple[Room, Membership]]]:
        for page in _pages(lambda after: self.room_store.all_of(user_id, after, PAGE), lambda joined: joined.room.id):
            partners = self.user_store.by_ids({joined.partner_id for joined in page if joined.partner_id is not None})
            yield [
                (
                    room if partner_id is None else room._replace(name=partners[partner_id].username),
                    membership,
                )
                for room, membership, partner_id in page
            ]

    def _messages_by(self, user_id: int) -> Iterator[Sequence[tuple[Message, Sequence[User]]]]:
        for page in _pages(lambda after: self.message_store.all_by(user_id, after, PAGE), lambda message: message.id):
            mentions = self.mention_store.of([message.id for message in page if message.has_mentions])
            people = self.user_store.by_ids({one for mentioned in mentions.values() for one in mentioned})
            yield [(message, [people[one] for one in mentions.get(message.id, ())]) for message in page]

    def _blocks_by(self, user_id: int) -> Iterator[Sequence[tuple[Block, User]]]:
        for page in _pages(lambda after: self.block_store.all_of(user_id, after, PAGE), lambda block: block.number):
            blocked = self.user_store.by_ids(block.blocked_id for block in page)
            yield [(block, blocked[block.blocked_id]) for block in page]

    def _mentions_of(self, user_id: int) -> Iterator[Sequence[Message]]:
        before = None
        while messages := self.mention_store.page(user_id, before, PAGE):
            yield messages
            before = messages[-1].id

    def _entries_about(self, user_id: int) -> Iterator[Sequence[AuditEntry]]:
        before = None
        while entries := self.audit_log.page(PAGE, before=before, user_id=user_id):
            yield [
                entry if entry.actor_id in {None, user_id} else entry._replace(device=Device(), session_id=None)
                for entry in entries
            ]
            before = entries[-1].id


def _pages(page: Callable[[int], Sequence[T]], id_of: Callable[[T], int]) -> Iterator[Sequence[T]]:
    after = 0
    while items := page(after):
        yield items
        after = id_of(items[-1])
