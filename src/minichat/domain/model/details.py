"""Everything that an answer shows beside its messages and rooms."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from minichat.domain.model.accounts import People
from minichat.domain.model.messages import Message
from minichat.domain.model.reactions import ReactionCount


class Details(NamedTuple):
    """The people of an answer, and the marks on its messages, for any number of viewers."""

    people: People
    """Every user whom the answer shows."""
    blocks: Collection[tuple[int, int]] = frozenset()
    """Pairs of a viewer and a user of the answer whom the viewer blocks."""
    reactions: Mapping[int, Sequence[ReactionCount]] = MappingProxyType({})
    """By message id, the emoji in the order of their first use."""
    mentions: Mapping[int, Sequence[int]] = MappingProxyType({})
    """By message id, the ids of the users whom the message mentions."""

    def blocked_by(self, viewer_id: int) -> Collection[int]:
        """Return the users of the answer whom the viewer blocks."""
        return {blocked_id for blocker_id, blocked_id in self.blocks if blocker_id == viewer_id}

    def own_emoji(self, message: Message, viewer_id: int) -> tuple[str, ...]:
        """Return the emoji with which the viewer reacted to the message."""
        if not message.has_reactions:
            return ()
        return tuple(one.emoji for one in self.reactions.get(message.id, ()) if viewer_id in one.viewers)
