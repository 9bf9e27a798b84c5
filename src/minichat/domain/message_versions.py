"""Later versions of a message: the edited one, and the tombstone of a deleted one.

The caller checks the right to change the message, in its own transaction, which holds the room. This module knows no
rule of access.
"""

import hashlib
from dataclasses import dataclass

from minichat.domain.mentions import Mentions
from minichat.domain.model import Change, ChangeKind, Message, Timestamp
from minichat.domain.ports import ChangeStore, Clock, MessageStore, ReactionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageVersions:
    clock: Clock
    message_store: MessageStore
    reaction_store: ReactionStore
    change_store: ChangeStore
    mentions: Mentions

    def store(
        self, message: Message, changed: Message, kind: ChangeKind, now: Timestamp, *, has_author: bool = True
    ) -> None:
        """Store the changed message and append the change.

        The digest of the first content lets `Messaging.send` recognise a late retry. An erased account can't retry, so
        no digest is stored for it.
        """
        is_remembered = has_author and message.client_id is not None
        digest = _digest(message.id, message.content) if is_remembered else None
        self.message_store.update(changed, digest)
        self.change_store.record(Change(kind, message.room_id, now, message.user_id, message.id))

    def delete(self, message: Message, *, has_author: bool) -> bool:
        """Replace the message by its tombstone; return False, and change nothing, if it is deleted already.

        `has_author` tells whether the account of the author exists.
        """
        if message.is_deleted:
            return False
        tombstone = message._replace(
            content="", is_deleted=True, has_reactions=False, pin=None, has_mentions=False, mentions_all=False
        )
        self.store(message, tombstone, ChangeKind.MESSAGE_DELETED, self.clock(), has_author=has_author)
        self._remove_marks(message, tombstone)
        return True

    def began_as(self, message: Message, content: str) -> bool:
        """Return whether the message was sent with that content, even if the author has edited it since."""
        digest = self.message_store.first_digest(message.id)
        return message.content == content if digest is None else digest == _digest(message.id, content)

    def _remove_marks(self, message: Message, tombstone: Message) -> None:
        """Remove the reactions, the pin and the mentions of a deleted message; its deletion is their only event."""
        if message.has_mentions:
            self.mentions.remove_all(message)
        if message.has_reactions:
            self.reaction_store.remove_all(message.id)
        if message.has_reactions or message.pin is not None:
            self.message_store.set_marks(tombstone)


def _digest(message_id: int, content: str) -> str:
    """Return a digest of the content. The message id acts as salt: equal contents have different digests."""
    return hashlib.sha256(f"{message_id}\n{content}".encode()).hexdigest()
