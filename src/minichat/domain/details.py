"""Read everything that an answer shows beside its messages and rooms, in one place for all answers.

A kind of mark costs no statement if no message of the answer has one, because the row of a message records that.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from minichat.domain.model import Details, Message, RoomView
from minichat.domain.ports import MentionStore, ReactionStore, UserStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailReader:
    user_store: UserStore
    reaction_store: ReactionStore
    mention_store: MentionStore

    def of_messages(
        self, viewer_ids: Collection[int], messages: Iterable[Message], user_ids: Iterable[int] = ()
    ) -> Details:
        """Return the details of these messages for these viewers, with further people who are shown."""
        shown, reacted, mentioning = set(user_ids), [], []
        for message in messages:
            shown.add(message.user_id)
            if message.has_reactions and not message.is_deleted:
                reacted.append(message.id)
            if message.has_mentions:
                mentioning.append(message.id)
        mentions = self.mention_store.of(mentioning) if mentioning else {}
        for mentioned in mentions.values():
            shown.update(mentioned)
        people, blocks = self.user_store.with_blocks(shown, viewer_ids)
        reactions = self.reaction_store.counts(reacted, viewer_ids) if reacted else {}
        return Details(people, blocks, reactions, mentions)

    def of_rooms(
        self, viewer_ids: Collection[int], views: Collection[RoomView], messages: Iterable[Message] = ()
    ) -> Details:
        """Return the details of rooms with their first participants and last messages, and of further messages."""
        last_messages = [view.last_message for view in views if view.last_message is not None]
        heads = {user_id for view in views for user_id in view.head}
        return self.of_messages(viewer_ids, [*last_messages, *messages], heads)
