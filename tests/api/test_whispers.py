"""What is told and not stored: typing, and who comes and goes. (Over sockets: tests/e2e/test_live.py)"""

import json
from collections.abc import Collection, Iterable

import pytest

from api.client import Chat, Json, Person
from api.conftest import MakeChat, on_one_database
from minichat.api.events import Event
from minichat.live.ephemeral import Whispers

pytestmark = on_one_database


class Ears:
    """An audience of people, each in all rooms, that remembers what it was told."""

    def __init__(self, *user_ids: int) -> None:
        self._user_ids = user_ids
        self.told: list[tuple[list[int], Json, int]] = []

    def user_ids(self) -> Collection[int]:
        return self._user_ids

    def tell(self, room_ids: Iterable[int], event: Event, *, but: int) -> None:
        body = json.loads(event.json)
        assert "id" not in body
        assert event.frame == f"event: {body['type']}\ndata: ".encode() + event.json + b"\n\n"
        self.told.append((sorted(room_ids), body, but))

    def heard(self) -> list[tuple[list[int], Json, int]]:
        """What was told since the last time."""
        told, self.told = self.told, []
        return told


@pytest.fixture
def chat(make_new_chat: MakeChat) -> Chat:
    """A chat in which nobody has typed yet."""
    return make_new_chat()


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


@pytest.fixture
def whispers(chat: Chat) -> Whispers:
    return Whispers(chat.app.extensions["minichat"].services.presence, chat.clock)


def test_typing_is_told_to_the_room_and_not_to_who_types(
    chat: Chat, ann: Person, bob: Person, whispers: Whispers
) -> None:
    room, ears = ann.makes_room(with_=[bob]), Ears(bob.id)
    whispers.tell(ears)
    assert ann.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
    whispers.tell(ears)
    ((rooms, event, but),) = ears.heard()
    assert (rooms, but) == ([room["id"]], ann.id)
    assert (event["type"], event["data"]) == ("typing", {"room": room["id"], "user": ann.id})


def test_typing_that_goes_on_is_told_every_three_seconds(chat: Chat, ann: Person, whispers: Whispers) -> None:
    room, ears = ann.makes_room(), Ears()
    whispers.tell(ears)
    for _ in range(7):
        assert ann.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
        whispers.tell(ears)
        chat.clock.advance(1)
    assert len(ears.heard()) == 3


def test_typing_before_anybody_listened_is_not_told(ann: Person, whispers: Whispers) -> None:
    room, ears = ann.makes_room(), Ears()
    ann.posts(f"/api/chat/rooms/{room['id']}/typing/")
    whispers.tell(ears)
    assert ears.heard() == []


def test_who_goes_and_comes_is_told_to_who_shares_a_room(
    chat: Chat, ann: Person, bob: Person, whispers: Whispers
) -> None:
    room, ears = ann.makes_room(with_=[bob]), Ears(bob.id)
    whispers.tell(ears)
    assert ears.heard() == []
    last_seen = ann.looks_at(room)["participants"][0]["last_seen"]
    for _ in range(6):
        chat.clock.advance(10)
        whispers.tell(ears)
    ((rooms, event, but),) = ears.heard()
    assert (event["type"], rooms, but) == ("presence", [room["id"]], ann.id)
    assert event["data"] == {"user": ann.id, "is_online": False, "last_seen": last_seen}
    ann.gets("/api/auth/me/")
    chat.clock.advance(9)
    whispers.tell(ears)
    assert ears.heard() == []
    chat.clock.advance(1)
    whispers.tell(ears)
    ((_, event, _),) = ears.heard()
    assert event["data"] == {
        "user": ann.id,
        "is_online": True,
        "last_seen": bob.looks_at(room)["participants"][0]["last_seen"],
    }


def test_somebody_who_is_known_to_have_come_is_told_within_two_seconds(
    chat: Chat, ann: Person, bob: Person, whispers: Whispers
) -> None:
    ann.makes_room(with_=[bob])
    ears = Ears(bob.id)
    for _ in range(7):
        whispers.tell(ears)
        chat.clock.advance(10)
    assert [event["data"]["is_online"] for _, event, _ in ears.heard()] == [False]
    whispers.tell(ears)
    ann.gets("/api/auth/me/")
    whispers.hurry()
    chat.clock.advance(1)
    whispers.tell(ears)
    assert ears.heard() == []
    chat.clock.advance(1)
    whispers.tell(ears)
    assert [event["data"]["is_online"] for _, event, _ in ears.heard()] == [True]
    whispers.tell(ears)
    assert ears.heard() == []


def test_who_listens_stays_online(chat: Chat, ann: Person, bob: Person, whispers: Whispers) -> None:
    ears = Ears(bob.id)
    for _ in range(30):
        whispers.tell(ears)
        chat.clock.advance(10)
    online = {person["user"]["id"] for person in ann.gets("/api/chat/online-users/").body}
    assert online == {ann.id, bob.id}


def test_a_clock_that_is_set_back_silences_nobody(chat: Chat, ann: Person, whispers: Whispers) -> None:
    ann.makes_room()
    ears = Ears()
    whispers.tell(ears)
    chat.clock.now -= 3_600_000
    whispers.tell(ears)
    chat.clock.advance(3_700)
    whispers.tell(ears)
    assert [event["data"]["is_online"] for _, event, _ in ears.heard()] == [False]
