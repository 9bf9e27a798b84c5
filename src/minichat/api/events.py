"""Changes as events: what a reader is sent, told as it stands when it is sent.

What is the same for many readers is written once. Of a message only `is_read` differs from reader to reader, so there
are two forms of it at most, however many listen.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import orjson

from minichat.api import presenting
from minichat.api.presenting import Json, Presenter
from minichat.api.times import rfc3339
from minichat.domain.changes import ChangeLog
from minichat.domain.model import Change, ChangeKind, LoggedChange, Receipts, User
from minichat.domain.ports import Clock
from minichat.live.cursors import Cursors

_OF_MESSAGES = {ChangeKind.MESSAGE_CREATED, ChangeKind.MESSAGE_UPDATED, ChangeKind.MESSAGE_DELETED}
_NOTHING_READ = Receipts(0, 0)

Data = Mapping[int, bytes]
"""What an event tells, as JSON, by the id of the user who is to get it; who gets nothing is left out."""


class Event:
    """One event, ready for every transport."""

    __slots__ = ("frame", "is_stored", "json")

    def __init__(self, kind: str, cursor: str | None, json: bytes) -> None:
        self.json = json
        """The whole Event."""
        self.is_stored = cursor is not None
        """Whether the log tells of it; who types, or comes online, only listeners hear of."""
        head = f"event: {kind}\ndata: " if cursor is None else f"id: {cursor}\nevent: {kind}\ndata: "
        self.frame = head.encode() + json + b"\n\n"
        """The same in a stream of server-sent events."""


class EventWriter:
    """Writes the events of one app."""

    def __init__(self, change_log: ChangeLog, cursors: Cursors, clock: Clock) -> None:
        self._log = change_log
        self._cursors = cursors
        self._clock = clock

    def write(self, logged: LoggedChange, base: str, user_ids: Collection[int]) -> Mapping[int, Event]:
        """The event of a change for each of these users, who get it; `base` is what URLs in it begin with."""
        found = _BY_KIND[logged.change.kind](self, logged.change, base, user_ids)
        events = {data: self._event(logged, data) for data in set(found.values())}
        return {user_id: events[data] for user_id, data in found.items()}

    def write_all(self, changes: Sequence[LoggedChange], base: str, user_id: int) -> list[Event]:
        """The events of changes for one user who gets them, in order: few look-ups, however many changes."""
        told = [logged.change.message_id or 0 for logged in changes if logged.change.kind in _OF_MESSAGES]
        messages, people, receipts = self._log.messages(user_id, told) if told else ({}, {}, {})
        shown = Presenter(base, self._clock(), user_id, people)
        written: list[Event] = []
        for logged in changes:
            if logged.change.kind not in _OF_MESSAGES:
                written += self.write(logged, base, [user_id]).values()
                continue
            message = messages.get(logged.change.message_id or 0)
            if message is not None:  # else its room is gone, which the log tells further on
                data = shown.message(message, receipts.get(message.room_id, _NOTHING_READ))
                written.append(self._event(logged, orjson.dumps(data)))
        return written

    def _event(self, logged: LoggedChange, data: bytes) -> Event:
        position, change = logged
        kind, cursor = change.kind.value, self._cursors.written(position)
        head = {"id": cursor, "type": kind, "time": rfc3339(change.at)}
        return Event(kind, cursor, orjson.dumps({**head, "data": orjson.Fragment(data)}))

    def resync(self) -> Event:
        """The event that tells a reader to fetch everything anew."""
        body = {"type": "resync", "time": rfc3339(self._clock()), "data": {}}
        return Event("resync", None, orjson.dumps(body))

    def _message(self, change: Change, base: str, user_ids: Collection[int]) -> Data:
        found = self._log.message(change.message_id or 0)
        if found is None:
            return {}  # its room is gone, which the log tells further on
        message, author = found
        shown = Presenter(base, self._clock(), 0, {author.id: author})
        unread, read = (orjson.dumps(shown.message(message, Receipts(seq, 0))) for seq in (0, message.seq))
        # Looked up after the message: who has been removed meanwhile is not told what it says by now.
        is_read_for = self._log.is_read_for(message, user_ids)
        return {user_id: read if is_read else unread for user_id, is_read in is_read_for.items()}

    def _read(self, change: Change, base: str, user_ids: Collection[int]) -> Data:
        return _alike({"room": change.room_id, "user": change.user_id, "last_read_seq": change.seq}, user_ids)

    def _room(self, change: Change, base: str, user_ids: Collection[int]) -> Data:
        views, people = self._log.room_for(change.room_id, user_ids)
        shown = Presenter(base, self._clock(), 0, people)
        return {user_id: orjson.dumps(shown.seen_by(user_id).room(view)) for user_id, view in views.items()}

    def _room_deleted(self, change: Change, base: str, user_ids: Collection[int]) -> Data:
        return _alike({"room": change.room_id}, user_ids)

    def _participant(self, change: Change, base: str, user_ids: Collection[int]) -> Data:
        user: User = self._log.user(change.user_id or 0)
        return _alike({"room": change.room_id, "user": presenting.user(user, base), "role": change.role}, user_ids)


def _alike(data: Json, user_ids: Collection[int]) -> Data:
    return dict.fromkeys(user_ids, orjson.dumps(data))


_Write = Callable[[EventWriter, Change, str, Collection[int]], Data]
_BY_KIND: Mapping[ChangeKind, _Write] = {
    ChangeKind.MESSAGE_CREATED: EventWriter._message,  # noqa: SLF001 - the class's own table, like the rest
    ChangeKind.MESSAGE_UPDATED: EventWriter._message,  # noqa: SLF001
    ChangeKind.MESSAGE_DELETED: EventWriter._message,  # noqa: SLF001
    ChangeKind.MESSAGE_READ: EventWriter._read,  # noqa: SLF001
    ChangeKind.ROOM_CREATED: EventWriter._room,  # noqa: SLF001
    ChangeKind.ROOM_UPDATED: EventWriter._room,  # noqa: SLF001
    ChangeKind.ROOM_DELETED: EventWriter._room_deleted,  # noqa: SLF001
    ChangeKind.PARTICIPANT_JOINED: EventWriter._participant,  # noqa: SLF001
    ChangeKind.PARTICIPANT_UPDATED: EventWriter._participant,  # noqa: SLF001
    ChangeKind.PARTICIPANT_LEFT: EventWriter._participant,  # noqa: SLF001
}
