"""Reading lists of messages: the history of a room, and the messages of all rooms of a user.

Every list is a window next to a message, so a page costs the same at any depth. This module writes nothing but the
reader's receipt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.details import DetailReader
from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.model import Message, MessagePage, Receipts, RoomView
from minichat.domain.participation import Participation
from minichat.domain.ports import MembershipStore, MessageStore, Snapshot, Transaction
from minichat.domain.room_access import RoomAccess

_EXCLUSIVE = Issue("exclusive")


class MessageWindow(NamedTuple):
    """A part of a list of messages: the newest `limit` messages, or those next to the message with a given id.

    In one room, `around_seq` names a place instead. A place beyond an end of the room means that end.
    """

    limit: int
    before: int | None = None
    after: int | None = None
    around: int | None = None
    around_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    transaction: Transaction
    snapshot: Snapshot
    membership_store: MembershipStore
    message_store: MessageStore
    detail_reader: DetailReader
    room_access: RoomAccess
    participation: Participation

    def of_room(self, user_id: int, room_id: int, window: MessageWindow, *, mark_read: bool) -> MessagePage:
        """Return a window of a room's messages with the room; with `mark_read`, move the receipt to the newest of them.

        Raises RoomNotFound, NotAParticipant, or InvalidInput on a message id that is not in the room.
        """
        with self.snapshot():
            page = self._page_of_room(user_id, room_id, window)
        if mark_read and _has_news(page):
            with self.transaction(room=room_id):
                # Read again, because new messages may have arrived: the room and the page must agree.
                page = self._marked(self._page_of_room(user_id, room_id, window))
        return page

    def latest(self, user_id: int, room_id: int | None, window: MessageWindow) -> MessagePage:
        """Return a window of messages of one room, or across all rooms of the user. Raises the errors of `of_room`."""
        if room_id is not None:
            return self.of_room(user_id, room_id, window, mark_read=False)
        with self.snapshot():
            return self._page_of_all(user_id, window)

    def check_window(self, user_id: int, room_id: int | None, window: MessageWindow) -> None:
        """Raise InvalidInput if the window does not name one message of the room. Raises the other errors of `of_room`.

        Without a room, any id is a position.
        """
        if _named(window) is not None and room_id is not None:
            with self.snapshot():
                room, membership = self.room_access.as_participant(user_id, room_id)
                _seq_of(self.message_store, window, room_id, room.first_seq(membership))

    def _page_of_all(self, user_id: int, window: MessageWindow) -> MessagePage:
        # Any id is a position, so that a client can go on although it has left the room of its last message.
        named = _named(window)
        found = _walk(
            window,
            named and named[1],
            lambda key, limit: self.message_store.latest_before(user_id, key, limit),
            lambda key, limit: self.message_store.latest_after(user_id, key, limit),
        )
        details = self.detail_reader.of_messages([user_id], found.messages)
        receipts = self.membership_store.receipts(user_id, {message.room_id for message in found.messages})
        return MessagePage(None, found.messages, details, receipts, found.has_older, found.has_newer)

    def _marked(self, page: MessagePage) -> MessagePage:
        """Move the reader's receipt to the end of the page, inside the caller's transaction; return the new page."""
        view = page.room
        if view is None or view.membership is None or not page.messages:
            return page
        membership = self.participation.see(view.room, view.membership, page.messages[-1].seq)
        view = view._replace(
            membership=membership,
            deleted_unread=self.participation.deleted_unread(view.room, membership),
            unread_mentions=self.participation.unread_mentions(view.room, membership),
        )
        return page._replace(room=view, receipts={view.room.id: _receipts(view)})

    def _page_of_room(self, user_id: int, room_id: int, window: MessageWindow) -> MessagePage:
        view = self.room_access.view_as_participant(user_id, room_id)
        assert view.membership is not None
        first_seq = view.room.first_seq(view.membership)
        found = read_window(self.message_store, room_id, window, first_seq)
        receipts = {room_id: _receipts(view)}
        details = self.detail_reader.of_rooms([user_id], [view], found.messages)
        return MessagePage(view, found.messages, details, receipts, found.has_older, found.has_newer)


def _named(window: MessageWindow) -> tuple[str, int] | None:
    """Return the parameter that names a message, and its value. Raises InvalidInput for several parameters."""
    _, *positions = window._asdict().items()
    named = [(field, value) for field, value in positions if value is not None]
    if len(named) > 1:
        raise InvalidInput({field: [_EXCLUSIVE] for field, _ in named})
    return named[0] if named else None


def _from(first_seq: int, messages: Sequence[Message]) -> Sequence[Message]:
    """Return the messages, which are in order, without those before the first that the viewer may read."""
    if not messages or messages[0].seq >= first_seq:
        return messages
    return [message for message in messages if message.seq >= first_seq]


class FoundWindow(NamedTuple):
    """Messages, the oldest first, and whether the list continues on either side."""

    messages: Sequence[Message]
    has_older: bool
    has_newer: bool


def read_window(message_store: MessageStore, room_id: int, window: MessageWindow, first_seq: int = 1) -> FoundWindow:
    """Return the window of a room's messages from `first_seq` on. Raises InvalidInput on an id outside of these."""
    return _walk(
        window,
        _seq_of(message_store, window, room_id, first_seq),
        lambda key, limit: _from(first_seq, message_store.before(room_id, key, limit)),
        lambda key, limit: message_store.after(room_id, key, limit),
    )


def _seq_of(message_store: MessageStore, window: MessageWindow, room_id: int, first_seq: int) -> int | None:
    """Return the seq next to the window, or None. Raises InvalidInput if the room has no message with the given id."""
    named = _named(window)
    if named is None:
        return None
    field, value = named
    if field == "around_seq":
        return max(value, first_seq)
    message = message_store.get(value)
    if message is None or message.room_id != room_id or message.seq < first_seq:
        raise InvalidInput.of(field, "unknown_message")
    return message.seq


def _walk(
    window: MessageWindow,
    key: int | None,
    before: Callable[[int | None, int], Sequence[Message]],
    after: Callable[[int, int], Sequence[Message]],
) -> FoundWindow:
    """Fetch the window, with one surplus message at each open end: it shows that the list continues there."""
    limit = window.limit
    if key is None or window.before is not None:
        older = before(key, limit + 1)
        return FoundWindow(older[-limit:], len(older) > limit, has_newer=key is not None)
    if window.after is not None:
        newer = after(key, limit + 1)
        return FoundWindow(newer[:limit], has_older=True, has_newer=len(newer) > limit)
    # Around: if one side is short, the other fills the page. The message itself belongs to the older side.
    older, newer = before(key + 1, limit + 1), after(key, limit + 1)
    newer_count = min(len(newer), max((limit - 1) // 2, limit - len(older)))
    older_count = limit - newer_count
    messages = [*older[-older_count:], *newer[:newer_count]]
    return FoundWindow(messages, len(older) > older_count, len(newer) > newer_count)


def _has_news(page: MessagePage) -> bool:
    view = page.room
    return bool(view and view.membership and page.messages and page.messages[-1].seq > view.membership.seen_seq)


def _receipts(view: RoomView) -> Receipts:
    assert view.membership is not None
    return Receipts(view.membership.last_read_seq, view.others_seen_seq, view.room.first_seq(view.membership))
