"""Messages and receipts."""

from collections.abc import Sequence
from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class Message(NamedTuple):
    id: int
    room_id: int
    seq: int
    user_id: int
    content: str
    created_at: Timestamp
    edited_at: Timestamp | None
    is_deleted: bool
    reply_to: int | None
    client_id: str | None
    has_reactions: bool = False
    pin: int | None = None
    """The place of a pinned message among those of its room: later pins have larger numbers. None if not pinned."""
    has_mentions: bool = False
    """Whether the message may mention people."""
    mentions_all: bool = False


class Receipts(NamedTuple):
    """The two receipts that decide `is_read` of a room's messages for one viewer, with the first readable message."""

    own_seq: int
    others_seq: int
    first_seq: int = 1
    """The first message that the viewer may read."""


class NewMessage(NamedTuple):
    room_id: int
    user_id: int
    content: str
    created_at: Timestamp
    client_id: str | None = None
    reply_to: int | None = None
    has_mentions: bool = False
    mentions_all: bool = False

    def stored_as(self, message_id: int, seq: int) -> Message:
        """Return the stored message, with the id and the number that the store assigned."""
        return Message(id=message_id, seq=seq, edited_at=None, is_deleted=False, **self._asdict())


class SoughtWord(NamedTuple):
    """A word to look up in an index of `domain.message_words.index_words`."""

    text: str
    is_whole: bool
    """Whether the indexed word is equal to the text; otherwise it begins with it."""


class FoundMessages(NamedTuple):
    """The result of a search."""

    messages: Sequence[Message]
    """The newest first."""
    rest: int | None = None
    """A message before which the search has not looked, because it had to compare too much text; else None."""


class MessageQuery(NamedTuple):
    """A query for messages, folded: see `domain.message_words`."""

    words: tuple[str, ...]
    """The words that the searchable text must contain. The longest comes first, and none is a part of another."""
    sought: tuple[SoughtWord, ...]
    """The words to look up in an index: it has all of them of each message that matches, and of some others."""
