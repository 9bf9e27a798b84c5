"""Sending and reading messages.

`seq` numbers a room's messages without gaps, in the order that every reader sees. A subtraction therefore gives the
number of messages above a receipt, and a message is read if a receipt is not below its `seq`. A message keeps its
number when it is edited or deleted. This module knows nothing of listeners: it appends to the change log.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil

from minichat.domain.blocks import Blocks
from minichat.domain.details import DetailReader
from minichat.domain.errors import (
    AnnouncementsOnly,
    ChatError,
    ClientIdReused,
    Cooldown,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    NotYourMessage,
    RecipientDeleted,
    RoleTooLow,
    SessionEnded,
)
from minichat.domain.mentions import Mentions
from minichat.domain.message_access import MessageAccess
from minichat.domain.message_rules import check_client_id, check_content
from minichat.domain.message_versions import MessageVersions
from minichat.domain.model import (
    SECOND,
    ChangeKind,
    Details,
    Figure,
    Membership,
    Message,
    NewMessage,
    Receipts,
    Role,
    Room,
    RoomKind,
    SentMessage,
    ShownMessage,
    Timestamp,
    User,
    is_within,
)
from minichat.domain.participation import Participation
from minichat.domain.ports import (
    Characters,
    Clock,
    MembershipStore,
    MessageStore,
    RoomStore,
    Snapshot,
    Tally,
    Transaction,
    UserStore,
)
from minichat.domain.room_access import RoomAccess, may_write
from minichat.domain.text import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    characters: Characters
    user_store: UserStore
    room_store: RoomStore
    membership_store: MembershipStore
    message_store: MessageStore
    tally: Tally
    detail_reader: DetailReader
    room_access: RoomAccess
    message_access: MessageAccess
    participation: Participation
    blocks: Blocks
    mentions: Mentions
    message_versions: MessageVersions

    def send(
        self,
        author: User,
        room_id: int,
        content: str,
        client_id: str | None = None,
        reply_to: int | None = None,
        mention_ids: Sequence[int] = (),
    ) -> SentMessage:
        """Send a message. It mentions the participants whom its content names, and those of `mention_ids`.

        A retry with the same `client_id` returns the first message.

        Raises InvalidInput, RoomNotFound, NotAParticipant, AnnouncementsOnly, Cooldown, RecipientDeleted,
        CannotMessage, YouBlocked, ClientIdReused if the retry has other content, or MessageNotFound if the author may
        no longer read the first message.
        """
        sent = self._send(author, room_id, content, client_id, reply_to, mention_ids)
        if not sent.is_replay:
            self.tally.count(Figure.MESSAGES)
        return sent

    def _send(
        self,
        author: User,
        room_id: int,
        content: str,
        client_id: str | None,
        reply_to: int | None,
        mention_ids: Sequence[int],
    ) -> SentMessage:
        fields = Fields()
        content = check_content(fields, content, self.characters)
        if client_id is not None:
            client_id = check_client_id(fields, client_id)
        if fields.found:
            self._check_references(fields, author.id, room_id, reply_to, mention_ids)
        fields.check()
        candidates = self.mentions.candidates(content)
        with self.transaction(room=room_id, reads_first=True):
            room, membership = self.room_access.as_participant(author.id, room_id)
            now = self.clock()
            refusal = self._refusal(room, membership, now)
            if refusal is not None and not self._is_retry(author.id, room_id, client_id):
                raise refusal
            first_seq = room.first_seq(membership)
            if reply_to is not None or mention_ids:
                self._check_references_in(fields, room, membership, reply_to, mention_ids)
            if fields.found:
                if self._is_retry(author.id, room_id, client_id):
                    return self._replayed(author, room_id, client_id or "", content, reply_to, first_seq)
                fields.check()
            found = self.mentions.find(room, membership, candidates, mention_ids)
            message = self.message_store.append(
                NewMessage(room_id, author.id, content, now, client_id, reply_to, found.has_people, found.is_everybody)
            )
            if message is None:
                # Check inside the transaction: its lock prevents a concurrent removal of the author.
                return self._replayed(author, room_id, client_id or "", content, reply_to, first_seq)
            self.mentions.add(message, found)
            details = Details({author.id: author})
            if message.has_mentions:
                details = self.detail_reader.of_messages([author.id], [message])
            return SentMessage(message, details, Receipts(message.seq, 0), is_replay=False)

    def check_sent(
        self,
        author_id: int,
        room_id: int | None = None,
        *,
        content: str | None = None,
        client_id: str | None = None,
        reply_to: int | None = None,
        mention_ids: Sequence[int] = (),
    ) -> None:
        """Raise InvalidInput if a given field of a message breaks a rule of `send`. Change nothing."""
        fields = Fields()
        if content is not None:
            check_content(fields, content, self.characters)
        if client_id is not None:
            check_client_id(fields, client_id)
        self._check_references(fields, author_id, room_id, reply_to, mention_ids)
        fields.check()

    def check_edit(
        self,
        author_id: int,
        message_id: int,
        *,
        content: str | None = None,
        mention_ids: Sequence[int] | None = None,
    ) -> None:
        """Raise InvalidInput if a given field breaks a rule of `edit`. Change nothing."""
        fields = Fields()
        if content is not None:
            check_content(fields, content, self.characters)
        room_id = None
        with suppress(MessageNotFound, NotAParticipant):
            room_id = self.message_access.found(author_id, message_id)[0].room_id
        self._check_references(fields, author_id, room_id, None, mention_ids or ())
        fields.check()

    def _check_references(
        self, fields: Fields, author_id: int, room_id: int | None, reply_to: int | None, mention_ids: Sequence[int]
    ) -> None:
        """Record in `fields` which references of a message are wrong, as far as the author may know."""
        room, membership = (room_id and self.room_store.access(room_id, author_id)) or (None, None)
        if room is None or membership is None:
            self.mentions.check_number(fields, mention_ids)
        else:
            self._check_references_in(fields, room, membership, reply_to, mention_ids)

    def _check_references_in(
        self, fields: Fields, room: Room, author: Membership, reply_to: int | None, mention_ids: Sequence[int]
    ) -> None:
        """Record in `fields` which references do not belong to the room."""
        if reply_to is not None and not self._is_readable(reply_to, room.id, room.first_seq(author)):
            fields.wrong("reply_to", "unknown_message")
        self.mentions.check(fields, author, mention_ids)

    def _refusal(self, room: Room, membership: Membership, now: Timestamp) -> ChatError | None:
        """Return the error of every new message that the participant sends now."""
        if room.kind == RoomKind.DIRECT:
            return self._refusal_in_direct(membership)
        if not may_write(room, membership):
            return AnnouncementsOnly()
        if room.cooldown and membership.role == Role.MEMBER:
            wait = self._cooldown_left(room, membership.user_id, now)
            return Cooldown(wait) if wait else None
        return None

    def _refusal_in_direct(self, membership: Membership) -> ChatError | None:
        pair = self.membership_store.pair_of(membership.room_id)
        erased = [member.user_id for member in pair if member.is_erased]
        if membership.user_id in erased:
            raise SessionEnded  # the account was erased during the request
        return RecipientDeleted() if erased else self.blocks.refusal_in(membership.user_id, pair)

    def _cooldown_left(self, room: Room, user_id: int, now: Timestamp) -> int:
        """Return how many seconds the member has to wait, counted from their newest message in the room."""
        period = room.cooldown * SECOND
        sent_at = self.message_store.sent_since(room.id, user_id, now - period)
        if sent_at is None or not is_within(period, sent_at, now):
            return 0
        return min(room.cooldown, ceil((sent_at + period - now) / SECOND))

    def _is_retry(self, author_id: int, room_id: int, client_id: str | None) -> bool:
        return client_id is not None and self.message_store.by_client_id(room_id, author_id, client_id) is not None

    def _replayed(
        self, author: User, room_id: int, client_id: str, content: str, reply_to: int | None, first_seq: int
    ) -> SentMessage:
        first = self.message_store.by_client_id(room_id, author.id, client_id)
        if first is not None and first.seq < first_seq:
            raise MessageNotFound
        if first is None or first.reply_to != reply_to or not self.message_versions.began_as(first, content):
            raise ClientIdReused
        details = self.detail_reader.of_messages([author.id], [first])
        receipts = self.membership_store.receipts(author.id, [room_id])[room_id]
        return SentMessage(first, details, receipts, is_replay=True)

    # One message

    def get(self, user_id: int, message_id: int) -> ShownMessage:
        """Return a message, or its tombstone. Raises MessageNotFound, or NotAParticipant in a public room."""
        with self.snapshot():
            message, _, _ = self.message_access.found(user_id, message_id)
            return self.message_access.shown(user_id, message)

    def edit(
        self, user_id: int, message_id: int, content: str | None = None, mention_ids: Sequence[int] | None = None
    ) -> ShownMessage:
        """Change the content or the people mentioned by id, as the author. None keeps either.

        The mentions in the content are found again. The same content again changes nothing.

        Raises the same errors as `get`, InvalidInput, NotYourMessage, MessageDeleted, CannotMessage or YouBlocked.
        """
        fields = Fields()
        cleaned = None if content is None else check_content(fields, content, self.characters)
        if fields.found:
            self.check_edit(user_id, message_id, content=content, mention_ids=mention_ids)
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.participation.refuse_erased(user_id)
            message, room, membership = self.message_access.found(user_id, message_id)
            if message.user_id != user_id:
                raise NotYourMessage
            if message.is_deleted:
                raise MessageDeleted
            self.blocks.refuse_in(user_id, room)
            if mention_ids is not None:
                self.mentions.check(fields, membership, mention_ids)
                fields.check()
            if cleaned not in {None, message.content} or mention_ids is not None:
                message = self._edited(message, room, membership, cleaned or message.content, mention_ids)
            return self.message_access.shown(user_id, message)

    def _edited(
        self, message: Message, room: Room, author: Membership, content: str, mention_ids: Sequence[int] | None
    ) -> Message:
        """Store the edited message, unless nothing changes; return it."""
        before = self.mentions.of(message)
        by_id = before.by_id if mention_ids is None else mention_ids
        found = self.mentions.find(room, author, self.mentions.candidates(content), by_id)
        if content == message.content and found == before:
            return message
        now = self.clock()
        edited = message._replace(
            content=content,
            # After the last version, although the clock may have been set back since.
            edited_at=max(now, message.created_at, message.edited_at or 0),
            has_mentions=found.has_people,
            mentions_all=found.is_everybody,
        )
        self.message_versions.store(message, edited, ChangeKind.MESSAGE_UPDATED, now)
        if found != before:
            self.mentions.replace(edited, found)
        return edited

    def delete(self, user_id: int, message_id: int) -> None:
        """Delete a message, as its author, a moderator or the owner. Deleting it again changes nothing.

        Raises the same errors as `get`, or RoleTooLow. Both users of a direct chat are members, so only the author can.
        """
        sought = self.message_access.unchecked(message_id)
        with self.transaction(room=sought.room_id, shared_accounts=[user_id, sought.user_id]):
            self.participation.refuse_erased(user_id)
            has_author = bool(self.user_store.living([sought.user_id]))
            message, _, membership = self.message_access.found(user_id, message_id)
            if message.user_id != user_id and membership.role == Role.MEMBER:
                raise RoleTooLow
            self.message_versions.delete(message, has_author=has_author)

    def _is_readable(self, message_id: int, room_id: int, first_seq: int) -> bool:
        message = self.message_store.get(message_id)
        return message is not None and message.room_id == room_id and message.seq >= first_seq
