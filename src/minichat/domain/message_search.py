"""The search for messages by their words, among those that the user may read now.

`message_words` decides which messages match. This module writes nothing.
"""

from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.details import DetailReader
from minichat.domain.message_words import message_query
from minichat.domain.model import FoundMessages, Membership, MessagePage, ReadableRoom, Room
from minichat.domain.ports import Characters, MembershipStore, MessageIndex, RoomStore, Snapshot
from minichat.domain.room_access import RoomAccess
from minichat.domain.text import Fields

MAX_QUERY_LENGTH = 200
_BATCH = 1_000


class MessageFilter(NamedTuple):
    """The messages to search: those of one room, by one author, and before a message. None means all."""

    room_id: int | None = None
    author_id: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSearch:
    snapshot: Snapshot
    characters: Characters
    detail_reader: DetailReader
    room_store: RoomStore
    membership_store: MembershipStore
    message_index: MessageIndex
    room_access: RoomAccess

    def search(self, user_id: int, query: str, limit: int, within: MessageFilter = MessageFilter()) -> MessagePage:
        """Return the newest messages with all words of the query, the newest first.

        The page is short if the search has compared much text in vain: it goes on before `rest`. A query without
        words, such as a lone `*`, finds nothing. Any id is a position for `before`. Raises
        InvalidInput, RoomNotFound, NotAParticipant, or IndexBuilding.
        """
        sought = message_query(checked_query(query), self.characters)
        with self.snapshot():
            rooms = self._readable(user_id, within.room_id)
            found = FoundMessages(())
            if sought.words and rooms:
                found = self.message_index.search(
                    sought, rooms, limit + 1, author_id=within.author_id, before=within.before
                )
            messages = found.messages[:limit]
            details = self.detail_reader.of_messages([user_id], messages)
            receipts = self.membership_store.receipts(user_id, {message.room_id for message in messages})
        rest = messages[-1].id if len(found.messages) > limit else found.rest
        return MessagePage(None, messages, details, receipts, rest is not None, has_newer=False, rest=rest)

    def check(self, user_id: int, query: str | None, within: MessageFilter) -> None:
        """Raise the errors of `search` for the given arguments. Search nothing."""
        if within.room_id is not None:
            self.room_access.as_participant(user_id, within.room_id)
        if query is not None:
            checked_query(query)

    def _readable(self, user_id: int, room_id: int | None) -> list[ReadableRoom]:
        if room_id is not None:
            return [_readable(*self.room_access.as_participant(user_id, room_id))]
        rooms: list[ReadableRoom] = []
        while joined := self.room_store.all_of(user_id, rooms[-1].room_id if rooms else 0, _BATCH):
            rooms += [_readable(room, membership) for room, membership, _ in joined]
            if len(joined) < _BATCH:
                break
        return rooms


def checked_query(query: str) -> str:
    """Return a search query in its normal form. Raises InvalidInput."""
    fields = Fields()
    cleaned = fields.body("q", query, most=MAX_QUERY_LENGTH)
    if not query:
        fields.wrong("q", "blank")
    fields.check()
    return cleaned


def _readable(room: Room, membership: Membership) -> ReadableRoom:
    # The position of a room is twice the id of its newest message: see `Room.activity`.
    return ReadableRoom(room.id, room.first_seq(membership), room.activity // 2)
