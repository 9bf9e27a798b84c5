"""Messages in memory: see `domain.ports.messages`."""

from collections.abc import Iterable, Mapping, Sequence

from minichat.adapters.memory.changes import MemoryChangeStore
from minichat.adapters.memory.store import Store
from minichat.domain.model import Change, Message, NewMessage, Timestamp


class MemoryMessageStore:
    def __init__(self, store: Store, changes: MemoryChangeStore) -> None:
        self._store = store
        self._changes = changes

    def append(self, new: NewMessage) -> Message | None:
        self._store.locks.check_room(new.room_id)
        if new.client_id is not None and self.by_client_id(new.room_id, new.user_id, new.client_id) is not None:
            return None
        tables = self._store.writable
        room = tables.rooms[new.room_id]
        message = new.stored_as(tables.next_id("messages"), room.last_seq + 1)
        room = room._replace(last_seq=message.seq, active_at=new.created_at, activity=2 * message.id)
        tables.rooms[room.id] = room
        tables.messages[message.id] = message
        membership = tables.memberships.get((room.id, new.user_id))
        if membership is not None:
            tables.memberships[room.id, new.user_id] = membership._replace(seen_seq=room.last_seq)
        self._changes.record(Change.of_new(message))
        return message

    def get(self, message_id: int) -> Message | None:
        return self._store.tables.messages.get(message_id)

    def by_ids(self, message_ids: Iterable[int]) -> Mapping[int, Message]:
        found = {message_id: self.get(message_id) for message_id in message_ids}
        return {message_id: message for message_id, message in found.items() if message is not None}

    def sent_since(self, room_id: int, user_id: int, since: Timestamp) -> Timestamp | None:
        sent = [message.created_at for message in self._of_room(room_id) if message.user_id == user_id]
        return sent[-1] if sent and sent[-1] > since else None

    def has_author(self, room_id: int, user_id: int) -> bool:
        return any(message.user_id == user_id for message in self._of_room(room_id))

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None:
        sought = (room_id, user_id, client_id)
        for message in self._store.tables.messages.values():
            if (message.room_id, message.user_id, message.client_id) == sought:
                return message
        return None

    def update(self, message: Message, first_digest: str | None) -> None:
        self._store.locks.check_room(message.room_id)
        tables = self._store.writable
        kept = tables.messages[message.id]
        tables.messages[message.id] = kept._replace(
            content=message.content,
            edited_at=message.edited_at,
            is_deleted=message.is_deleted,
            has_mentions=message.has_mentions,
            mentions_all=message.mentions_all,
        )
        if first_digest is not None:
            tables.first_digests.setdefault(message.id, first_digest)
        room = tables.rooms[message.room_id]
        if message.is_deleted:
            tables.rooms[room.id] = room._replace(deleted_seq=max(room.deleted_seq, message.seq))

    def set_marks(self, message: Message, pinned_by: int | None = None) -> None:
        self._store.locks.check_room(message.room_id)
        tables = self._store.writable
        kept = tables.messages[message.id]
        tables.messages[message.id] = kept._replace(has_reactions=message.has_reactions, pin=message.pin)
        if pinned_by is not None:
            tables.pinned_by[message.id] = pinned_by
        elif message.pin is None:
            tables.pinned_by.pop(message.id, None)

    def pinned(self, room_id: int) -> Sequence[Message]:
        pinned = [message for message in self._of_room(room_id) if message.pin is not None and not message.is_deleted]
        return sorted(pinned, key=lambda message: message.pin or 0, reverse=True)

    def pinned_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        tables = self._store.tables
        ids = sorted(id_ for id_, by in tables.pinned_by.items() if by == user_id and id_ > after)
        return [tables.messages[id_] for id_ in ids if id_ in tables.messages][:limit]

    def forget_pinner(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        tables.pinned_by = {id_: by for id_, by in tables.pinned_by.items() if by != user_id}

    def count_deleted(self, room_id: int, after: int, until: int) -> int:
        return sum(message.is_deleted for message in self._of_room(room_id) if after < message.seq <= until)

    def first_digest(self, message_id: int) -> str | None:
        return self._store.tables.first_digests.get(message_id)

    def forget_digests(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        tables = self._store.writable
        digests = tables.first_digests
        tables.first_digests = {id_: one for id_, one in digests.items() if tables.messages[id_].user_id != user_id}

    # Ids and each room's `seq` grow with the order of insertion, in which the table keeps its messages.

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        return [message for message in self._of_room(room_id) if seq is None or message.seq < seq][-limit:]

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        return [message for message in self._of_room(room_id) if message.seq > seq][:limit]

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        return [message for message in self._of_user(user_id) if message_id is None or message.id < message_id][-limit:]

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        return [message for message in self._of_user(user_id) if message.id > message_id][:limit]

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        messages = self._store.tables.messages.values()
        return [message for message in messages if message.user_id == user_id and message.id > after][:limit]

    def _of_room(self, room_id: int) -> list[Message]:
        return [message for message in self._store.tables.messages.values() if message.room_id == room_id]

    def _of_user(self, user_id: int) -> list[Message]:
        tables = self._store.tables
        return [
            message
            for message in tables.messages.values()
            if (membership := tables.memberships.get((message.room_id, user_id)))
            and message.seq >= tables.rooms[message.room_id].first_seq(membership)
        ]
