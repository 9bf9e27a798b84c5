"""Events as JSON and as frames of server-sent events, written from the current state of the objects in them.

An event that is the same for many users is written once. A message differs between users in `is_read`, `is_blocked`,
their own reactions, and the mentions of users who block its author. So it has few forms, for any number of listeners.
The hub decides which listeners receive an event.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from minichat.api import presenting
from minichat.api.framing import chunk_of, text_message_of
from minichat.api.presenting import Json, Presenter
from minichat.api.times import optional_rfc3339, rfc3339
from minichat.domain.changes import ChangeLog
from minichat.domain.model import (
    MOVES,
    Change,
    ChangeKind,
    Details,
    LoggedChange,
    Message,
    Receipts,
    Timestamp,
    TypingNotice,
    User,
)
from minichat.domain.ports import Clock
from minichat.live.cursors import Cursors
from minichat.live.events import Addressed

_MESSAGE_KINDS = {
    ChangeKind.MESSAGE_CREATED,
    ChangeKind.MESSAGE_UPDATED,
    ChangeKind.MESSAGE_DELETED,
    ChangeKind.MESSAGE_PINNED,
    ChangeKind.MESSAGE_UNPINNED,
}
_PERSON_KINDS = MOVES | {ChangeKind.PARTICIPANT_UPDATED, ChangeKind.REACTION_CHANGED}
"""The kinds of change whose events show their user."""

_LINE_SEPARATOR, _PARAGRAPH_SEPARATOR = "\u2028".encode(), "\u2029".encode()
"""No ends of a line in a stream, but several clients split their lines there."""

DataByUser = Mapping[int, bytes]
"""The `data` of an event as JSON, by the id of its recipient. A user without an entry receives no event."""


class _Shown(NamedTuple):
    """The current state of the objects in a batch of events. URLs begin with `base_url`."""

    base_url: str
    messages: Mapping[int, Message]
    details: Details
    is_read_for: Mapping[int, Mapping[int, bool]]
    """By message id and user id."""


class JsonEvent:
    """One event, ready for every transport."""

    __slots__ = ("chunk", "frame", "is_stored", "json", "message")

    def __init__(self, kind: str, cursor: str | None, json: bytes) -> None:
        self.json = json
        """The whole event."""
        self.is_stored = cursor is not None
        """Whether the change log holds the event, so that a client can read it later."""
        head = f"event: {kind}\ndata: " if cursor is None else f"id: {cursor}\nevent: {kind}\ndata: "
        if _LINE_SEPARATOR[0] in json:  # a search for one byte takes a third of the time
            json = json.replace(_LINE_SEPARATOR, b"\\u2028").replace(_PARAGRAPH_SEPARATOR, b"\\u2029")
        self.frame = head.encode() + json + b"\n\n"
        """The event as a server-sent event."""
        # Not by need: thousands of listeners ask for one of the two, and making both takes a microsecond.
        self.chunk = chunk_of(self.frame)
        """The server-sent event as a chunk of a response."""
        self.message = text_message_of(self.json)
        """The event as a text message of a WebSocket server."""


class JsonEventWriter:
    """Writes the events of one app. Implements `live.events.EventWriter`."""

    def __init__(self, change_log: ChangeLog, cursors: Cursors, clock: Clock) -> None:
        self._log = change_log
        self._cursors = cursors
        self._clock = clock
        self._writers: Mapping[ChangeKind, Callable[[Change, Collection[int], _Shown], DataByUser]] = {
            **dict.fromkeys(_MESSAGE_KINDS, self._message),
            ChangeKind.MESSAGE_READ: self._message_read,
            ChangeKind.REACTION_CHANGED: self._reaction,
            ChangeKind.ROOM_CREATED: self._room,
            ChangeKind.ROOM_UPDATED: self._room,
            ChangeKind.ROOM_DELETED: self._room_deleted,
            ChangeKind.PARTICIPANT_JOINED: self._participant,
            ChangeKind.PARTICIPANT_UPDATED: self._participant,
            ChangeKind.PARTICIPANT_LEFT: self._participant,
            ChangeKind.ROOM_NOTIFY: self._room,
            ChangeKind.BLOCK_CHANGED: self._block,
            ChangeKind.UNKNOWN: lambda _change, _user_ids, _shown: {},
        }

    def write(self, batch: Sequence[Addressed], base_url: str) -> list[Mapping[int, JsonEvent]]:
        """Return the events of each change by user id, without the users who may not see it."""
        shown = self._look_up(batch, base_url)
        written: list[Mapping[int, JsonEvent]] = []
        for logged, user_ids in batch:
            data_by_user = self._writers[logged.change.kind](logged.change, user_ids, shown)
            events = {data: self._stored_event(logged, data) for data in set(data_by_user.values())}
            written.append({user_id: events[data] for user_id, data in data_by_user.items()})
        return written

    def _look_up(self, batch: Sequence[Addressed], base_url: str) -> "_Shown":
        """Look up the messages, their readers and the people of all changes together."""
        message_ids, people_ids = set(), set()
        user_ids_by_room: defaultdict[int, set[int]] = defaultdict(set)
        for (_, change), user_ids in batch:
            if change.kind in _MESSAGE_KINDS or change.kind is ChangeKind.REACTION_CHANGED:
                message_ids.add(change.message_id or 0)
                user_ids_by_room[change.room_id].update(user_ids)
            if change.kind in _PERSON_KINDS:
                people_ids.add(change.user_id or 0)
            elif change.kind is ChangeKind.BLOCK_CHANGED:
                people_ids.add(change.other_id or 0)
        if not message_ids and not people_ids:
            return _Shown(base_url, {}, Details({}), {})
        viewer_ids: set[int] = set().union(*user_ids_by_room.values())
        messages, details = self._log.messages_for(viewer_ids, message_ids, people_ids)
        # Read after the messages, so that a user who was removed meanwhile does not receive their current content.
        is_read_for = self._log.is_read_for(messages.values(), user_ids_by_room) if messages else {}
        return _Shown(base_url, messages, details, is_read_for)

    def resync(self) -> JsonEvent:
        """Return the event that asks a client to load everything again."""
        return _ephemeral_event("resync", self._clock(), {})

    def typing(self, notice: TypingNotice) -> JsonEvent:
        """Return the event of a user who is typing."""
        return _ephemeral_event("typing", notice.at, {"room": notice.room_id, "user": notice.user_id})

    def presence(self, user: User) -> JsonEvent:
        """Return the event of a user who has come online or gone offline."""
        now = self._clock()
        data = {"user": user.id, "is_online": user.is_online(now), "last_seen": optional_rfc3339(user.last_seen(now))}
        return _ephemeral_event("presence", now, data)

    def _stored_event(self, logged: LoggedChange, data: bytes) -> JsonEvent:
        position, change = logged
        kind, cursor = change.kind.value, self._cursors.encode(position)
        head = {"id": cursor, "type": kind, "time": rfc3339(change.at)}
        return JsonEvent(kind, cursor, orjson.dumps({**head, "data": orjson.Fragment(data)}))

    def _message(self, change: Change, user_ids: Collection[int], shown: "_Shown") -> DataByUser:
        message, details = shown.messages.get(change.message_id or 0), shown.details
        if message is None:
            return {}  # its room was deleted, and a later change reports that
        presenter = Presenter(shown.base_url, self._clock(), 0, details)
        blockers = {blocker_id for blocker_id, blocked_id in details.blocks if blocked_id == message.user_id}
        is_read_for = shown.is_read_for[message.id]
        mentioned = details.mentions.get(message.id, ())
        reacting = {viewer_id for kind in details.reactions.get(message.id, ()) for viewer_id in kind.viewers}
        forms: dict[Hashable, bytes] = {}
        data: dict[int, bytes] = {}
        for user_id in user_ids:
            is_read = is_read_for.get(user_id)
            if is_read is None:
                continue
            form: Hashable = is_read
            if user_id in blockers or user_id in reacting:
                # A user who blocks the author is not among the people whom the message mentions.
                hidden_id = user_id if user_id in blockers and user_id in mentioned else None
                form = is_read, user_id in blockers, hidden_id, details.own_emoji(message, user_id)
            if form not in forms:
                seq = message.seq if is_read else 0
                forms[form] = orjson.dumps(presenter.seen_by(user_id).message(message, Receipts(seq, seq)))
            data[user_id] = forms[form]
        return data

    def _reaction(self, change: Change, user_ids: Collection[int], shown: "_Shown") -> DataByUser:
        message = shown.messages.get(change.message_id or 0)
        data = None if message is None else self._reaction_data(change, shown.base_url, message, shown.details)
        if message is None or data is None:
            return {}
        return _same_for_all(data, shown.is_read_for[message.id].keys() & user_ids)

    def _reaction_data(self, change: Change, base_url: str, message: Message, details: Details) -> Json | None:
        """Return the data of a reaction, the same for all readers; None if its message is deleted by now."""
        if message.is_deleted:
            return None
        counts = {reaction.emoji: reaction.total for reaction in details.reactions.get(message.id, ())}
        return {
            "room": message.room_id,
            "message": message.id,
            "seq": message.seq,
            "emoji": change.emoji,
            "user": presenting.user(details.people[change.user_id or 0], base_url),
            "added": change.is_added,
            "count": counts.get(change.emoji or "", 0),
        }

    def _message_read(self, change: Change, user_ids: Collection[int], _shown: "_Shown") -> DataByUser:
        return _same_for_all({"room": change.room_id, "user": change.user_id, "last_read_seq": change.seq}, user_ids)

    def _room(self, change: Change, user_ids: Collection[int], shown: "_Shown") -> DataByUser:
        views, details = self._log.room_for(change.room_id, user_ids)
        presenter = Presenter(shown.base_url, self._clock(), 0, details)
        return {user_id: orjson.dumps(presenter.seen_by(user_id).room(view)) for user_id, view in views.items()}

    def _room_deleted(self, change: Change, user_ids: Collection[int], _shown: "_Shown") -> DataByUser:
        return _same_for_all({"room": change.room_id}, user_ids)

    def _participant(self, change: Change, user_ids: Collection[int], shown: "_Shown") -> DataByUser:
        user = presenting.user(shown.details.people[change.user_id or 0], shown.base_url)
        return _same_for_all({"room": change.room_id, "user": user, "role": change.role}, user_ids)

    def _block(self, change: Change, user_ids: Collection[int], shown: "_Shown") -> DataByUser:
        blocker_id, other_id = change.user_id or 0, change.other_id or 0
        user = presenting.user(shown.details.people[other_id], shown.base_url)
        return _same_for_all({"user": user, "is_blocked": self._log.is_blocking(blocker_id, other_id)}, user_ids)


def _same_for_all(data: Json, user_ids: Collection[int]) -> DataByUser:
    return dict.fromkeys(user_ids, orjson.dumps(data))


def _ephemeral_event(kind: str, at: Timestamp, data: dict[str, Any]) -> JsonEvent:
    return JsonEvent(kind, None, orjson.dumps({"type": kind, "time": rfc3339(at), "data": data}))
