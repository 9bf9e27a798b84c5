"""Mentions: which participants a message mentions, and the list of messages that mention a user.

A message mentions the participants whom its content names (`mention_rules`), and those whose ids the client sends with
it. Users do not see that somebody whom they block mentions them: see `api.presenting` and `MentionStore`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from minichat.domain.details import DetailReader
from minichat.domain.mention_rules import MAX_MENTIONS, Candidates, mentioned, named_keys
from minichat.domain.model import Membership, Mentioned, Message, MessagePage, Role, Room, RoomKind
from minichat.domain.ports import MembershipStore, MentionStore, Snapshot, UsernameKey
from minichat.domain.text import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    snapshot: Snapshot
    username_key: UsernameKey
    membership_store: MembershipStore
    mention_store: MentionStore
    detail_reader: DetailReader

    def page(self, user_id: int, limit: int, before: int | None = None) -> MessagePage:
        """Return messages that mention the user, the newest first. Any message id is a position for `before`."""
        with self.snapshot():
            found = self.mention_store.page(user_id, before, limit + 1)
            messages = found[:limit]
            details = self.detail_reader.of_messages([user_id], messages)
            receipts = self.membership_store.receipts(user_id, {message.room_id for message in messages})
        return MessagePage(None, messages, details, receipts, has_older=len(found) > limit, has_newer=False)

    def check_number(self, fields: Fields, mention_ids: Collection[int]) -> None:
        """Record in `fields` that these are too many people to mention."""
        if len(mention_ids) > MAX_MENTIONS:
            fields.wrong("mention_ids", "too_many_items", most=MAX_MENTIONS)

    def check(self, fields: Fields, author: Membership, mention_ids: Collection[int]) -> None:
        """Record in `fields` why the author can't mention these people: they are too many, or not in the room."""
        self.check_number(fields, mention_ids)
        others = set(mention_ids) - {author.user_id}
        if not others or "mention_ids" in fields.found:
            return
        if len(self.membership_store.among(author.room_id, others)) < len(others):
            fields.wrong("mention_ids", "unknown_participant")

    def candidates(self, content: str) -> Candidates:
        """Return the names that a content may mention. A hundred take milliseconds: call this without any lock."""
        return named_keys(content, self.username_key) if "@" in content else ()

    # Steps inside the caller's transaction, which holds the room

    def find(
        self, room: Room, author: Membership, candidates: Candidates, mention_ids: Collection[int] = ()
    ) -> Mentioned:
        """Return the people whom a message mentions: `mention_ids`, and the participants among the candidates."""
        by_id = tuple(sorted({*mention_ids} - {author.user_id}))
        if not candidates:
            return Mentioned(by_id=by_id)
        keys = {key for candidate in candidates for key in candidate}
        ids = self.membership_store.by_names(room.id, keys)
        is_calling_all = room.kind == RoomKind.GROUP and author.role != Role.MEMBER
        named, is_everybody = mentioned(candidates, ids, is_calling_all=is_calling_all)
        others = [user_id for user_id in named if user_id != author.user_id and user_id not in by_id]
        return Mentioned(tuple(sorted(others[: MAX_MENTIONS - len(by_id)])), by_id, is_everybody)

    def of(self, message: Message) -> Mentioned:
        """Return the people whom a stored message mentions."""
        if not message.has_mentions:
            return Mentioned(is_everybody=message.mentions_all)
        return self.mention_store.get(message.id)._replace(is_everybody=message.mentions_all)

    def add(self, message: Message, found: Mentioned) -> None:
        """Store the mentions of a message that has none yet."""
        if found.has_people or found.is_everybody:
            self.mention_store.put(message, found)

    def replace(self, message: Message, found: Mentioned) -> None:
        """Store the mentions of an edited message in place of its former ones."""
        self.mention_store.remove_all(message.id)
        self.add(message, found)

    def remove_all(self, message: Message) -> None:
        """Remove the mentions of a message."""
        self.mention_store.remove_all(message.id)
