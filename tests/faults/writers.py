"""Writers of messages, edits, deletions, reactions and pins, and the races of R1, R2 and R4.

All of them retry through every fault.
"""

import random
import re
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, cycle
from typing import Any
from urllib.parse import quote, urlencode

from faults.clients import Answer, Client, Doors
from faults.journal import Journal, Reaction, Sent
from scale import scaled

MESSAGES = "/api/chat/messages/"
SEARCH = "/api/chat/search/"
FILLING = "Shall we meet at the station at half past seven? \N{WAVING HAND SIGN}"
EDITS, DELETIONS, REACTIONS, SEARCHES, PINS = 0.03, 0.02, 0.04, 0.01, 0.04
"""Their share of a writer's actions. Only one writer pins."""
EMOJI = ("\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}\ufe0f", "\U0001f3f3\ufe0f\u200d\U0001f308")
RECENT = 50
"""Number of the newest messages that get reactions and pins."""
MOST_PINS = 20
"""In a room. The server allows 50."""
MOVES = 0.005
"""The share of actions before which a writer reconnects, with several hosts to any of them."""
PACE = scaled(0.15, 0.08)
"""Minimum interval between two messages of a writer, in seconds. Twelve writers send 150 messages a second, which does
not saturate a server.
"""
_STORED = re.compile(rb'^\{"id":(\d+),"room":(\d+),"seq":(\d+),')


class Actor:
    """Repeats an action in a thread until `end`."""

    def __init__(self, journal: Journal, name: str) -> None:
        self.journal = journal
        self.name = name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop after the current action."""
        self._over.set()

    def wait(self, patience: float) -> None:
        """Wait for the end, or record a problem."""
        if self._thread.ident is None:
            return
        self._thread.join(patience)
        if self._thread.is_alive():
            self.journal.problem(f"{self.name} has not come to an end within {patience:.0f} s")

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self.act()
        except Exception as error:  # noqa: BLE001 - any error fails the run
            self.journal.problem(f"{self.name}: {type(error).__name__}: {error}")
        finally:
            self.leave()

    def act(self) -> None:
        raise NotImplementedError  # each subclass has its own

    def leave(self) -> None:
        """Close what is open."""


class Writer(Actor):
    """Sends to some rooms; edits, deletes, searches and pins some messages, and reacts to some."""

    def __init__(self, client: Client, rooms: Sequence[int], seed: int, *, pins: bool) -> None:
        """Only a moderator of the rooms `pins`."""
        super().__init__(client.journal, client.username)
        self._client = client
        self._rooms = rooms
        self._chance = random.Random(seed)
        self._number = 0
        self._mine: deque[Sent] = deque(maxlen=50)
        self._gone: deque[Sent] = deque(maxlen=10)
        others = {self._edit: EDITS, self._delete: DELETIONS, self._react: REACTIONS, self._search: SEARCHES}
        others |= {self._pin: PINS} if pins else {}
        self._actions = [self._send, *others]
        self._shares = [1 - sum(others.values()), *others.values()]
        self.acknowledged_at = array("d")
        """The time of each acknowledgement, in seconds of the monotonic clock."""

    def act(self) -> None:
        if self._chance.random() < MOVES:
            self._client.close()
        [action] = self._chance.choices(self._actions, self._shares) if self._mine else [self._send]
        action()

    def _send(self) -> None:
        began = time.monotonic()
        self._number += 1
        room, client_id = self._chance.choice(self._rooms), f"{self.name}-{self._number}"
        content = f"{client_id} {FILLING}"
        form = {"room": room, "content": content, "client_id": client_id}
        invoked = time.monotonic_ns()
        answer = self._client.insist("POST", MESSAGES, form, until={200, 201})
        acknowledged = time.monotonic_ns()
        attempts = self._client.attempts
        if answer.status == 200 and not (attempts > 1 and b"\r\nIdempotency-Replayed: true" in answer.head):
            self.journal.problem(f"{client_id}: 200 for a first send")
        found = _STORED.match(answer.body)
        assert found, answer
        id_, room_id, seq = map(int, found.groups())
        assert room_id == room, answer
        sent = Sent(room, client_id, self.name, content, invoked, acknowledged, id_, seq, attempts)
        self.journal.sends.append(sent)
        self.acknowledged_at.append(acknowledged / 1e9)
        self._mine.append(sent)
        self._over.wait(max(0.0, began + PACE - time.monotonic()))

    def _edit(self) -> None:
        sent = self._chance.choice(self._mine)
        self._number += 1
        content = f"{sent.client_id} or rather {self._number}"
        self._client.insist("PATCH", f"{MESSAGES}{sent.id}/", {"content": content}, until={200})
        sent.content = content
        self.journal.changed("message.updated", sent.id)

    def _delete(self) -> None:
        sent = self._chance.choice(self._mine)
        self._client.insist("DELETE", f"{MESSAGES}{sent.id}/", until={204})
        sent.content = None
        self.journal.changed("message.deleted", sent.id)
        self._mine.remove(sent)
        self._gone.append(sent)

    def _react(self) -> None:
        """React to a recent message of any author, or take back the reaction."""
        sent, emoji = self._chance.choice(self.journal.sends[-RECENT:]), self._chance.choice(EMOJI)
        reaction = Reaction(sent.id, self._client.user_id, emoji)
        adds = not self.journal.reactions.get(reaction)
        shown = self._mark("PUT" if adds else "DELETE", f"{MESSAGES}{sent.id}/reactions/{quote(emoji)}/")
        if shown is not None:
            self.journal.reactions[reaction] = adds
            self.journal.changed("reaction.changed", sent.id)
            if adds != any(one["emoji"] == emoji and one["mine"] for one in shown["reactions"]):
                self.journal.problem(f"{self.name}: an answer shows another reaction to {sent.id} than was asked for")

    def _pin(self) -> None:
        """Pin a recent message, or remove a pin."""
        room = self._chance.choice(self._rooms)
        pins = self.journal.pins[room]
        recent = [sent.id for sent in self.journal.sends[-RECENT:] if sent.room == room and sent.id not in pins]
        if pins and (len(pins) == MOST_PINS or not recent or self._chance.random() < 0.3):
            message = self._chance.choice(pins)
            if self._mark("DELETE", f"{MESSAGES}{message}/pin/") is not None:
                self.journal.changed("message.unpinned", message)
            pins.remove(message)
        elif recent:
            message = self._chance.choice(recent)
            if self._mark("PUT", f"{MESSAGES}{message}/pin/") is not None:
                self.journal.changed("message.pinned", message)
                pins.append(message)

    def _mark(self, method: str, path: str) -> dict[str, Any] | None:
        """Change a reaction or a pin; return the message, or None if it has been deleted."""
        answer = self._client.insist(method, path, until={200, 409})
        found: dict[str, Any] = answer.json
        if answer.status == 200:
            return found
        if found["code"] != "message_deleted":
            self.journal.problem(f"{method} {path}: {answer.body[:300]!r}")
        return None

    def _search(self) -> None:
        """Search one of the writer's own messages by its words. A deleted one must not be found."""
        sent = self._chance.choice([*self._mine, *self._gone])
        query = urlencode({"q": sent.client_id, "room": sent.room, "user": self._client.user_id, "limit": 200})
        found = {message["id"] for message in self._client.insist("GET", f"{SEARCH}?{query}", until={200}).json}
        if (sent.id in found) != (sent.content is not None):
            self.journal.problem(f"a search for {sent.client_id!r}, now {sent.content!r}, finds {sorted(found)}")

    def repeats(self, sent: Sent) -> Answer:
        """Repeat a send."""
        content = f"{sent.client_id} {FILLING}"
        form = {"room": sent.room, "content": content, "client_id": sent.client_id}
        return self._client.insist("POST", MESSAGES, form, until={200, 201})

    def rooms_as_listed(self) -> list[dict[str, Any]]:
        """Return the writer's rooms, as the server lists them."""
        rooms: list[dict[str, Any]] = self._client.insist("GET", "/api/chat/rooms/?limit=200", until={200}).json
        return rooms

    def leave(self) -> None:
        self._client.close()


class Racers(Actor):
    """A few users who concurrently try things that only one of them may do. The races take turns."""

    PAUSE = scaled(0.5, 0.3)

    def __init__(self, site: Doors, journal: Journal, people: Sequence[Client]) -> None:
        """`people` are at least four, used by these races only."""
        super().__init__(journal, "the racers")
        self._people = people
        self._strangers = [Client(site, journal) for _ in range(3)]
        self._pool = ThreadPoolExecutor(4)
        self._pairs = cycle(combinations(people, 2))
        self._direct: dict[tuple[int, int], int] = {}
        self._number = 0
        races = [self._same_name, self._both_sides, self._come_and_go, self._last_use, self._both_sides, self._block]
        if not journal.tokens_may_expire:  # the grace is by the clock
            races.append(self._refresh_at_once)
        self._races = cycle(races)

    def act(self) -> None:
        self._number += 1
        next(self._races)()
        self._over.wait(self.PAUSE)

    def _together(self, actions: Sequence[Callable[..., Answer]]) -> list[Answer]:
        return [future.result() for future in [self._pool.submit(action) for action in actions]]

    def _same_name(self) -> None:
        """R1: one name, one account."""
        form = {"username": f"same{self._number}", "password": "staple correct horse"}
        answers = self._together(
            [
                lambda one=one: one.insist("POST", "/api/auth/register/", form, until={201, 409})
                for one in self._strangers
            ]
        )
        made = sum(answer.status == 201 for answer in answers)
        # The winner may have lost the answer, and then finds the name taken.
        least = 0 if any(one.attempts > 1 for one in self._strangers) else 1
        if not least <= made <= 1:
            self.journal.problem(f"R1: {made} accounts were made of the name {form['username']}")

    def _both_sides(self) -> None:
        """R2: one direct chat a pair."""
        ann, bob = next(self._pairs)
        path = "/api/chat/create-direct-chat/"
        answers = self._together(
            [
                lambda: ann.insist("POST", path, {"user_id": bob.user_id}, until={200, 201}),
                lambda: bob.insist("POST", path, {"user_id": ann.user_id}, until={200, 201}),
            ]
        )
        rooms = {answer.json["room"]["id"] for answer in answers}
        known = self._direct.setdefault((ann.user_id, bob.user_id), min(rooms))
        if rooms != {known}:
            self.journal.problem(f"R2: the direct chat of one pair is {sorted(rooms | {known})}")

    def _come_and_go(self) -> None:
        """R4: concurrent joins, sends, leaves and the removal of one room."""
        owner, *others = self._people[:4]
        room = owner.insist("POST", "/api/chat/rooms/", {"name": "Lobby"}, until={201}).json["id"]

        def come_and_go(one: Client) -> Answer:
            one.insist("POST", f"/api/chat/rooms/{room}/join/", until={200, 404})
            form = {"room": room, "content": "hello", "client_id": f"lobby-{self._number}"}
            one.insist("POST", MESSAGES, form, until={200, 201, 403, 404})
            return one.insist("POST", f"/api/chat/rooms/{room}/leave/", until={200, 403, 404})

        def remove() -> Answer:
            return owner.insist("DELETE", f"/api/chat/rooms/{room}/", until={204, 404})

        self._together([*(lambda one=one: come_and_go(one) for one in others), remove])
        if owner.insist("GET", f"/api/chat/rooms/{room}/", until={200, 404}).status == 200:
            self.journal.problem(f"R4: room {room} is there after its removal was acknowledged")

    def _last_use(self) -> None:
        """Of several users, one joins with an invitation for one user."""
        owner, *guests = self._people[:4]
        room = owner.insist("POST", "/api/chat/rooms/", {"name": "Hall"}, until={201}).json["id"]
        path = f"/api/chat/rooms/{room}/invites/"
        created = owner.insist("POST", path, {"uses": 1}, until={201}).json
        token = {"token": created["token"]}
        answers = self._together(
            [lambda one=one: one.insist("POST", "/api/chat/invites/accept/", token, until={200, 404}) for one in guests]
        )
        joined = sum(answer.status == 200 for answer in answers)
        used = [one["used"] for one in owner.insist("GET", path, until={200}).json if one["id"] == created["id"]]
        if (joined, used) != (1, [1]):
            self.journal.problem(f"{joined} users have joined with an invitation for one user, which counts {used}")

    def _block(self) -> None:
        """A block refuses messages from its acknowledgement on, until its removal is acknowledged."""
        ann, bob = self._people[:2]
        pair = ann.user_id, bob.user_id
        room = self._direct.get(pair)
        if room is None:
            return
        is_blocked = not self.journal.blocks.get(pair, False)
        ann.insist("POST" if is_blocked else "DELETE", f"/api/chat/users/{bob.user_id}/block/", until={204})
        self.journal.blocks[pair] = is_blocked
        form = {"room": room, "content": "hello", "client_id": f"block-{self._number}"}
        for one, refusal in ((ann, "you_blocked"), (bob, "cannot_message")):
            answer = one.insist("POST", MESSAGES, form, until={200, 201, 403})
            code = answer.json["code"] if answer.status == 403 else None
            if code != (refusal if is_blocked else None):
                self.journal.problem(f"a message of {one.username} got {answer.status} {code}, blocked: {is_blocked}")

    def blocks_as_listed(self) -> set[tuple[int, int]]:
        """Return the blocks between the racers, as the server lists them."""
        return {
            (one.user_id, blocked["id"])
            for one in self._people
            for blocked in one.insist("GET", "/api/chat/blocks/", until={200}).json
        }

    def _refresh_at_once(self) -> None:
        """T3, T4: one successor and no log-out, although answers get lost."""
        first, *others = self._people[:3]
        form = {"refresh": first.refresh}
        answers = self._together(
            [
                lambda one=one: one.insist("POST", "/api/auth/token/refresh/", form, until={200, 401})
                for one in (first, *others)
            ]
        )
        successors = {answer.json.get("refresh") for answer in answers if answer.status == 200}
        if len(successors) != 1 or any(answer.status == 401 for answer in answers):
            self.journal.problem(f"T3: {[answer.status for answer in answers]}, {len(successors)} successors")
            first.log_in()
            return
        first.access, first.refresh = answers[0].json["access"], answers[0].json["refresh"]
        first.insist("GET", "/api/auth/me/", until={200})

    def leave(self) -> None:
        self._pool.shutdown()
        for client in (*self._people, *self._strangers):
            client.close()
