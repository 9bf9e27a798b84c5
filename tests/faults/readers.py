"""Readers by event streams, sockets, long polls and pages. Each resumes after every fault."""

import json
import random
import re
import socket
import time
from array import array
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

import websocket

from faults.clients import HOST, PAUSE, Client
from faults.journal import Reaction
from faults.writers import Actor

CONTENTS = ("message.created", "message.updated", "message.deleted")
MARKS = ("message.pinned", "message.unpinned", "reaction.changed")
KINDS = CONTENTS + MARKS
THE_END = "That was all."
LATER = {429, 503}
"""Statuses of a refusal for now."""
SILENCE = 45.0
"""The seconds without a heartbeat after which a stream is dead, as docs/live.md says."""
WAIT = 3
"""The wait of a long poll, in seconds."""
PAGE = 100
REST = 0.2
"""The rest of a poller that is up to date, in seconds. Without it, pollers are most of the load."""
_FRAME = re.compile(rb"id: (\S+)\nevent: (\S+)\ndata: ([^\n]*)\n\n")


def code(kind: str, message: int) -> int:
    """Return the number that stands for an event of a message."""
    return message * len(KINDS) + KINDS.index(kind)


def decoded(code: int) -> tuple[str, int]:
    """Return the kind of an event, and its message."""
    message, kind = divmod(code, len(KINDS))
    return KINDS[kind], message


class Reader(Actor):
    """Receives all events of its rooms up to the last message of each, and records them in order."""

    def __init__(self, client: Client, rooms: Sequence[int], name: str) -> None:
        super().__init__(client.journal, name)
        self.client = client
        self.rooms = rooms
        self.heard = array("q")
        """The code of each event: see `code`."""
        self.heard_at = array("d")
        """The time of each event, in seconds of the monotonic clock."""
        self.contents: dict[int, str] = {}
        """The last content of edited and deleted messages."""
        self.reactions: dict[Reaction, bool] = {}
        """Whether each reaction is there, by its last event."""
        self.connections = 0
        self._ended: set[int] = set()

    def act(self) -> None:
        if self.is_done:
            self.end()
            return
        try:
            self.listen()
        except (OSError, websocket.WebSocketException):
            time.sleep(PAUSE * random.random())

    @property
    def is_over(self) -> bool:
        """Whether the last message of every room has come."""
        return self.is_done or self.journal.is_closed

    @property
    def is_done(self) -> bool:
        return self._ended.issuperset(self.rooms)

    def listen(self) -> None:
        """Listen until the connection ends."""
        raise NotImplementedError  # each subclass has its own

    def note(self, kind: str, message: dict[str, Any]) -> None:
        """Record an event of a message."""
        if kind not in KINDS:
            return
        number = message["message"] if kind == "reaction.changed" else message["id"]
        self.heard.append(code(kind, number))
        self.heard_at.append(time.monotonic())
        if kind == "reaction.changed":
            self.reactions[Reaction(number, message["user"]["id"], message["emoji"])] = message["added"]
        if kind in MARKS:
            return
        content = message["content"]
        if kind != "message.created" or message["edited_at"] or message["is_deleted"]:
            self.contents[number] = content
        elif content == THE_END:
            self._ended.add(message["room"])
        elif not content.startswith(message["client_id"] or ""):
            self.journal.problem(f"{self.name}: the content of message {number} is another's: {content!r}")

    def event(self, event: dict[str, Any]) -> None:
        if event["type"] == "resync":
            self.journal.problem(f"{self.name}: a resync, although the log goes back far enough")
        elif "data" in event:
            self.note(event["type"], event["data"])

    def refused(self, status: int, what: str) -> None:
        """Accept a refusal; the next attempt comes soon."""
        if status == 401 and self.journal.tokens_may_expire:
            self.client.renew()
        elif status not in LATER:
            self.journal.problem(f"{self.name}: {what} got {status}")
        raise ConnectionError(status)

    def leave(self) -> None:
        self.client.close()

    def fetch(self, path: str) -> Any:
        return self.client.insist("GET", path, until={200}).json


class StreamReader(Reader):
    """Listens to server-sent events; disconnects after at most `breath` events, if given."""

    def __init__(self, client: Client, rooms: Sequence[int], name: str, breath: int | None = None) -> None:
        super().__init__(client, rooms, name)
        self._place = str(self.fetch("/api/chat/sync/")["cursor"])
        self._breath = breath

    def listen(self) -> None:
        left = random.randint(1, self._breath) if self._breath else None
        door = random.choice(self.client.site.doors)
        with closing(socket.create_connection(("127.0.0.1", door), SILENCE)) as connection:
            head = [
                "GET /api/chat/events/ HTTP/1.1",
                f"Host: {HOST}",
                f"Authorization: Bearer {self.client.access}",
                f"Last-Event-ID: {self._place}",
                "Connection: close",  # with the stream, so that its end is seen
            ]
            connection.sendall("\r\n".join([*head, "", ""]).encode())
            data = b""
            while b"\r\n\r\n" not in data:
                data += self._more(connection)
            if not data.startswith(b"HTTP/1.1 200 "):
                self.refused(int(data[9:12]), "a stream")
            self.connections += 1
            while not self.is_over and (left is None or left > 0):
                data, taken = self._take(data, left)
                left = None if left is None else left - taken
                if not taken:
                    data += self._more(connection)

    def _take(self, data: bytes, most: int | None) -> tuple[bytes, int]:
        """Record the complete events in the data; return the rest and the number of events.

        A chunk of the transfer holds whole events, so the sizes between chunks stand between events.
        """
        end = taken = 0
        for found in _FRAME.finditer(data):
            cursor, kind, body = found.groups()
            event = json.loads(body)
            if event["id"] != cursor.decode() or event["type"] != kind.decode():
                self.journal.problem(f"{self.name}: an event contradicts its own fields: {found[0][:200]!r}")
            self._place = event["id"]
            self.event(event)
            end, taken = found.end(), taken + 1
            if taken == most:
                break
        if b"event: resync" in data:
            self.journal.problem(f"{self.name}: a resync, although the log goes back far enough")
        return data[end:], taken

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        data = connection.recv(262_144)
        if not data:
            raise ConnectionError("the stream has ended")
        return data


class SocketReader(Reader):
    """Listens by a WebSocket: to one room, or to all rooms if there are several."""

    def __init__(self, client: Client, rooms: Sequence[int], name: str) -> None:
        super().__init__(client, rooms, name)
        self._path = f"/ws/chat/{rooms[0]}/" if len(rooms) == 1 else "/ws/chat/"
        self._place = str(self.fetch("/api/chat/sync/")["cursor"])

    def listen(self) -> None:
        door = random.choice(self.client.site.doors)
        url = f"ws://127.0.0.1:{door}{self._path}?after={self._place}"
        header = [f"Authorization: Bearer {self.client.access}"]
        try:
            connection = websocket.create_connection(
                url, timeout=SILENCE, header=header, host=HOST, suppress_origin=True
            )
        except websocket.WebSocketBadStatusException as error:
            self.refused(error.status_code, "a socket")
            return
        try:
            self.connections += 1
            while not self.is_over:
                event = json.loads(connection.recv())
                self.event(event)
                self._place = event.get("id", self._place)
        except ValueError as error:  # it has ended
            raise ConnectionError from error
        finally:
            with suppress(OSError):
                connection.shutdown()


class PollReader(Reader):
    """Asks `sync/` again and again."""

    def __init__(self, client: Client, rooms: Sequence[int], name: str) -> None:
        super().__init__(client, rooms, name)
        self._place = str(self.fetch("/api/chat/sync/")["cursor"])
        client.waits = WAIT

    def listen(self) -> None:
        found = self.fetch(f"/api/chat/sync/?after={self._place}&timeout={WAIT}&limit={PAGE}")
        self.connections += 1
        for event in found["events"]:
            self.event(event)
        self._place = found["cursor"]
        if not found["has_more"]:
            time.sleep(REST)


class PageReader(Reader):
    """Asks for messages after the last known one: of one room by `history/`, of all by `messages/`."""

    def __init__(self, client: Client, rooms: Sequence[int], name: str, first: int) -> None:
        """`first` is the id of the message after which it begins."""
        super().__init__(client, rooms, name)
        self._last = first

    def listen(self) -> None:
        if len(self.rooms) == 1:
            path = f"/api/chat/rooms/{self.rooms[0]}/history/?mark_read=false&limit={PAGE}&after={self._last}"
            messages = self.fetch(path)["messages"]
        else:
            messages = self.fetch(f"/api/chat/messages/?limit={PAGE}&after={self._last}")
        for message in messages:
            self.note("message.created", message)
            self._last = message["id"]
        if len(messages) < PAGE:
            time.sleep(REST)
