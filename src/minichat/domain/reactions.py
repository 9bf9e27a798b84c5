"""Reactions: which emoji a message can have, and how they are added and taken back.

Every participant may react, and the reactions of a participant stay after a departure. A message has at most twenty
different emoji.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.blocks import Blocks
from minichat.domain.errors import InvalidInput, MessageDeleted, TooManyReactions
from minichat.domain.message_access import MessageAccess
from minichat.domain.model import Change, ChangeKind, Message, People, Reaction, ShownMessage
from minichat.domain.paging import Page, Window, cut
from minichat.domain.participation import Participation
from minichat.domain.ports import (
    ChangeStore,
    Characters,
    Clock,
    MessageStore,
    ReactionStore,
    Snapshot,
    Transaction,
    UserStore,
)

MAX_KINDS = 20
"""Maximum number of different emoji on one message. A user can always join one of them."""
ERASE_BATCH = 100
"""Maximum number of reactions of an erased account that one transaction removes."""


class ReactionList(NamedTuple):
    page: Page[Reaction]
    people: People


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    characters: Characters
    user_store: UserStore
    message_store: MessageStore
    reaction_store: ReactionStore
    change_store: ChangeStore
    participation: Participation
    blocks: Blocks
    message_access: MessageAccess

    def add(self, user_id: int, message_id: int, emoji: str) -> ShownMessage:
        """React to a message. A second call changes nothing.

        Raises InvalidInput if the text is not one emoji, MessageNotFound, NotAParticipant, MessageDeleted,
        TooManyReactions, or the errors of a block.
        """
        emoji = self.checked(emoji)
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.participation.refuse_erased(user_id)
            message, room, _ = self.message_access.found(user_id, message_id)
            if message.is_deleted:
                raise MessageDeleted
            if self.reaction_store.add(message_id, emoji, user_id, self.clock()):
                self.blocks.refuse_in(user_id, room)
                self._refuse_new_kind(message_id, emoji)
                message = self._with_reactions(message, has_any=True)
                self._record(message, emoji, user_id, is_added=True)
            return self.message_access.shown(user_id, message)

    def remove(self, user_id: int, message_id: int, emoji: str) -> ShownMessage:
        """Take a reaction back. Without one, nothing changes. Raises the errors of `add` except TooManyReactions."""
        emoji = self.checked(emoji)
        room_id = self.message_access.unchecked(message_id).room_id
        with self.transaction(room=room_id, shared_accounts=[user_id]):
            self.participation.refuse_erased(user_id)
            message, _, _ = self.message_access.found(user_id, message_id)
            if message.is_deleted:
                raise MessageDeleted
            if self.reaction_store.remove(message_id, emoji, user_id):
                message = self._taken_back(message, emoji, user_id)
            return self.message_access.shown(user_id, message)

    def of_message(self, user_id: int, message_id: int, emoji: str | None, window: Window) -> ReactionList:
        """Return the reactions to a message in the order of reacting; with an emoji, those with it.

        Raises InvalidInput, MessageNotFound or NotAParticipant.
        """
        if emoji is not None:
            emoji = self.checked(emoji)
        with self.snapshot():
            self.message_access.found(user_id, message_id)
            page = cut(self.reaction_store.page(message_id, emoji, window), window, lambda reaction: (reaction.id,))
            return ReactionList(page, self.user_store.by_ids({reaction.user_id for reaction in page.items}))

    def checked(self, emoji: str) -> str:
        """Return the emoji in its fully qualified form. Raises InvalidInput."""
        found = self.characters.emoji(emoji)
        if found is None:
            raise InvalidInput.of("emoji", "not_an_emoji")
        return found

    def some_of(self, user_id: int) -> Sequence[Reaction]:
        """Return the user's first reactions, at most `ERASE_BATCH`."""
        return self.reaction_store.all_of(user_id, 0, ERASE_BATCH)

    def rooms_of(self, reactions: Sequence[Reaction]) -> set[int]:
        """Return the ids of the rooms of these reactions."""
        messages = self.message_store.by_ids({reaction.message_id for reaction in reactions})
        return {message.room_id for message in messages.values()}

    def take_back(self, reactions: Sequence[Reaction]) -> None:
        """Take back reactions of an erased account, in the caller's transaction, which holds their rooms."""
        messages = dict(self.message_store.by_ids({reaction.message_id for reaction in reactions}))
        for _, message_id, emoji, user_id, _ in reactions:
            message = messages.get(message_id)
            if message is not None and self.reaction_store.remove(message_id, emoji, user_id):
                messages[message_id] = self._taken_back(message, emoji, user_id)

    def _refuse_new_kind(self, message_id: int, emoji: str) -> None:
        """Raise TooManyReactions if the reaction just added is the first of its kind and one kind too many."""
        kinds = self.reaction_store.counts([message_id], []).get(message_id, ())
        if len(kinds) > MAX_KINDS and any(kind.emoji == emoji and kind.total == 1 for kind in kinds):
            raise TooManyReactions

    def _taken_back(self, message: Message, emoji: str, user_id: int) -> Message:
        """Record a removed reaction; return the message as it is now."""
        has_any = bool(self.reaction_store.page(message.id, None, Window(limit=1)))
        message = self._with_reactions(message, has_any=has_any)
        self._record(message, emoji, user_id, is_added=False)
        return message

    def _with_reactions(self, message: Message, *, has_any: bool) -> Message:
        """Store whether the message has reactions."""
        if message.has_reactions != has_any:
            message = message._replace(has_reactions=has_any)
            self.message_store.set_marks(message)
        return message

    def _record(self, message: Message, emoji: str, user_id: int, *, is_added: bool) -> None:
        self.change_store.record(
            Change(
                ChangeKind.REACTION_CHANGED,
                message.room_id,
                self.clock(),
                user_id,
                message.id,
                emoji=emoji,
                is_added=is_added,
            )
        )
