"""Ephemeral events: typing and presence. (Over sockets: tests/e2e/test_live.py)"""

import json
from collections.abc import Collection, Iterable
from typing import NamedTuple

import pytest

from api.client import Chat, Json, Person
from api.conftest import MakeChat, on_one_database
from api.document import Document
from minichat.api.events import JsonEvent
from minichat.domain.model import TypingNotice
from minichat.live.ephemeral import EphemeralEvents

pytestmark = on_one_database


class Published(NamedTuple):
    """One call of `publish` or `publish_typing`."""

    room_ids: list[int]
    event: Json
    except_user_id: int


class RecordingAudience:
    """An audience of these users that records each published event."""

    def __init__(self, document: Document, *user_ids: int) -> None:
        self._document = document
        self._user_ids = user_ids
        self._published: list[Published] = []

    def user_ids(self) -> Collection[int]:
        return self._user_ids

    def publish(self, room_ids: Iterable[int], event: JsonEvent, *, except_user_id: int) -> None:
        body = json.loads(event.json)
        self._document.check_event(body)
        assert "id" not in body
        assert not event.is_stored
        assert event.frame == f"event: {body['type']}\ndata: ".encode() + event.json + b"\n\n"
        self._published.append(Published(sorted(room_ids), body, except_user_id))

    def publish_typing(self, notice: TypingNotice, event: JsonEvent) -> None:
        self.publish([notice.room_id], event, except_user_id=notice.user_id)

    def take(self) -> list[Published]:
        """Return what was published since the last call."""
        published, self._published = self._published, []
        return published

    def take_online(self) -> list[bool]:
        """Return `is_online` of each presence event since the last call."""
        return [event["data"]["is_online"] for _, event, _ in self.take()]


def publish(ephemeral: EphemeralEvents[JsonEvent], audience: RecordingAudience) -> None:
    """Publish like the hub in one round."""
    ephemeral.publish_typing(audience, ephemeral.typing_end())
    ephemeral.publish_presence(audience)


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
def ephemeral(chat: Chat) -> EphemeralEvents[JsonEvent]:
    context = chat.app.extensions["minichat"]
    return EphemeralEvents(context.services.presence, context.events, chat.clock)


def test_typing_goes_to_the_room_except_to_its_author(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    room, audience = ann.makes_room(with_=[bob]), RecordingAudience(chat.document, bob.id)
    publish(ephemeral, audience)
    assert ann.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
    publish(ephemeral, audience)
    ((room_ids, event, except_user_id),) = audience.take()
    assert (room_ids, except_user_id) == ([room["id"]], ann.id)
    assert (event["type"], event["data"]) == ("typing", {"room": room["id"], "user": ann.id})


def test_continuous_typing_is_published_every_three_seconds(
    chat: Chat, ann: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    room, audience = ann.makes_room(), RecordingAudience(chat.document)
    publish(ephemeral, audience)
    for _ in range(7):
        assert ann.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
        publish(ephemeral, audience)
        chat.clock.advance(1)
    assert len(audience.take()) == 3


def test_typing_before_the_first_listener_is_not_published(
    chat: Chat, ann: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    room, audience = ann.makes_room(), RecordingAudience(chat.document)
    ann.posts(f"/api/chat/rooms/{room['id']}/typing/")
    publish(ephemeral, audience)
    assert audience.take() == []


def test_a_change_of_presence_goes_to_the_rooms_of_the_user(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    room, audience = ann.makes_room(with_=[bob]), RecordingAudience(chat.document, bob.id)
    publish(ephemeral, audience)
    assert audience.take() == []
    last_seen = ann.looks_at(room)["participants"][0]["last_seen"]
    for _ in range(6):
        chat.clock.advance(10)
        publish(ephemeral, audience)
    ((room_ids, event, except_user_id),) = audience.take()
    assert (event["type"], room_ids, except_user_id) == ("presence", [room["id"]], ann.id)
    assert event["data"] == {"user": ann.id, "is_online": False, "last_seen": last_seen}
    ann.gets("/api/auth/me/")
    chat.clock.advance(9)
    publish(ephemeral, audience)
    assert audience.take() == []
    chat.clock.advance(1)
    publish(ephemeral, audience)
    ((_, event, _),) = audience.take()
    assert event["data"] == {
        "user": ann.id,
        "is_online": True,
        "last_seen": bob.looks_at(room)["participants"][0]["last_seen"],
    }


def test_a_hint_of_presence_shortens_the_delay_to_two_seconds(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    ann.makes_room(with_=[bob])
    audience = RecordingAudience(chat.document, bob.id)
    for _ in range(7):
        publish(ephemeral, audience)
        chat.clock.advance(10)
    assert audience.take_online() == [False]
    publish(ephemeral, audience)
    ann.gets("/api/auth/me/")
    ephemeral.check_presence_soon()
    chat.clock.advance(1)
    publish(ephemeral, audience)
    assert audience.take() == []
    chat.clock.advance(1)
    publish(ephemeral, audience)
    assert audience.take_online() == [True]
    publish(ephemeral, audience)
    assert audience.take() == []


def test_a_user_with_a_listener_stays_online(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    audience = RecordingAudience(chat.document, bob.id)
    for _ in range(30):
        publish(ephemeral, audience)
        chat.clock.advance(10)
    online = {person["user"]["id"] for person in ann.gets("/api/chat/online-users/").body}
    assert online == {ann.id, bob.id}


def test_opening_a_stream_writes_nothing_and_the_hub_renews_the_presence_of_its_user(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    chat.clock.advance(300)
    statements: list[object] = []
    chat.database.query_hooks.append(statements.append)
    ann.gets("/api/chat/events/")
    chat.database.query_hooks.remove(statements.append)
    assert statements
    assert not [text for text in map(str, statements) if "UPDATE" in text or "INSERT" in text]
    publish(ephemeral, RecordingAudience(chat.document, ann.id))
    online = {person["user"]["id"] for person in bob.gets("/api/chat/online-users/").body}
    assert online == {ann.id, bob.id}


def test_presence_is_published_after_the_clock_is_set_back(
    chat: Chat, ann: Person, ephemeral: EphemeralEvents[JsonEvent]
) -> None:
    ann.makes_room()
    audience = RecordingAudience(chat.document)
    publish(ephemeral, audience)
    chat.clock.now -= 3_600_000
    publish(ephemeral, audience)
    chat.clock.advance(3_700)
    publish(ephemeral, audience)
    assert audience.take_online() == [False]


def test_the_presence_of_many_users_is_renewed_in_parts(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minichat.live.ephemeral.KEPT_AT_ONCE", 1)
    chat.clock.advance(300)
    statements: list[object] = []
    chat.database.query_hooks.append(statements.append)
    publish(ephemeral, RecordingAudience(chat.document, ann.id, bob.id))
    chat.database.query_hooks.remove(statements.append)
    assert len([text for text in map(str, statements) if "UPDATE" in text]) == 2  # other work runs in between
    assert {person["user"]["id"] for person in ann.gets("/api/chat/online-users/").body} == {ann.id, bob.id}


def test_many_changes_of_presence_are_published_in_several_rounds(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minichat.live.ephemeral.PUBLISHING_SECONDS", 0)
    room, audience = ann.makes_room(with_=[bob]), RecordingAudience(chat.document)
    assert not ephemeral.publish_presence(audience)
    chat.clock.advance(300)
    assert ephemeral.publish_presence(audience)  # the changes of the log come first
    assert not ephemeral.publish_presence(audience)
    published = audience.take()
    assert {event["data"]["user"] for _, event, _ in published} == {ann.id, bob.id}
    assert [(room_ids, event["data"]["is_online"]) for room_ids, event, _ in published] == [([room["id"]], False)] * 2


def test_a_user_who_has_come_back_before_the_event_has_not_changed(
    chat: Chat, ann: Person, bob: Person, ephemeral: EphemeralEvents[JsonEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minichat.live.ephemeral.PUBLISHING_SECONDS", 0)
    ann.makes_room(with_=[bob])
    audience = RecordingAudience(chat.document)
    ephemeral.publish_presence(audience)
    chat.clock.advance(300)
    assert ephemeral.publish_presence(audience)
    for person in (ann, bob):
        person.gets("/api/auth/me/")
    chat.clock.advance(10)
    while ephemeral.publish_presence(audience):
        pass
    changes = [(event["data"]["user"], event["data"]["is_online"]) for _, event, _ in audience.take()]
    assert len(changes) == 2  # one is offline and online again, and the other never was offline
    assert changes == [(changes[0][0], False), (changes[0][0], True)]
