"""The search index of messages.

The message store keeps the index true: whatever it writes about a message, it writes into the index in the same
transaction. This port only reads.
"""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import FoundMessages, MessageQuery, ReadableRoom


class MessageIndex(Protocol):
    def search(
        self,
        query: MessageQuery,
        rooms: Sequence[ReadableRoom],
        limit: int,
        *,
        author_id: int | None = None,
        before: int | None = None,
    ) -> FoundMessages:
        """Return the newest `limit` messages that match the query, the newest first: by id, over all these rooms.

        A message is found if `domain.message_words.matches` its content, it is not deleted, it is in one of the rooms
        with a `seq` of at least `first_seq`, and, if they are given, its author is `author_id` and its id is smaller
        than `before`. The query has words, and no room is given twice; there may be thousands of them, in any order.

        The time depends on neither the number of messages nor on their age. A search that has compared much text in
        vain returns what it has found so far: see `domain.message_words.compared`. Unlike other lists across rooms, the
        result has every committed message: its pages only go back, so none is skipped if a smaller id comes later.

        Raises IndexBuilding while older messages are not in the index yet. Call it in a snapshot together with the
        look-up of the rooms.
        """
