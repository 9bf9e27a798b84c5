"""`/api/chat/messages/{id}/reactions/`, `pin/` and `/api/chat/rooms/{id}/pins/`."""

import pytest

from api.client import Answer, Chat, Json, Person

THUMB, HEART = "%F0%9F%91%8D", "%E2%9D%A4"
NOW = "2025-01-06T09:30:00.123Z"


@pytest.fixture
def message(ann: Person, room: Json) -> Json:
    return ann.says("hello", in_=room)


def path(message: Json, emoji: str = THUMB) -> str:
    return f"/api/chat/messages/{message['id']}/reactions/{emoji}/"


def test_a_reaction_is_part_of_the_message_for_every_reader(
    ann: Person, bob: Person, room: Json, message: Json
) -> None:
    assert (message["reactions"], message["is_pinned"]) == ([], False)
    answer = bob.puts(path(message))
    shown = {"emoji": "👍", "count": 1, "mine": True, "users": [bob.id]}
    assert (answer.status, answer.body["id"], answer.body["reactions"]) == (200, message["id"], [shown])
    others = [{**shown, "mine": False}]
    assert ann.gets(f"/api/chat/messages/{message['id']}/").body["reactions"] == others
    [listed] = ann.history(room).body["messages"]
    assert listed["reactions"] == others
    assert ann.looks_at(room)["last_message"]["reactions"] == others
    assert ann.gets("/api/chat/messages/").body[0]["reactions"] == others
    assert bob.deletes(path(message)).body["reactions"] == []


@pytest.mark.parametrize("emoji", ["%E2%9D%A4%EF%B8%8F", HEART])
def test_both_forms_of_a_heart_are_one_emoji(bob: Person, message: Json, emoji: str) -> None:
    bob.puts(path(message, HEART))
    assert [one["emoji"] for one in bob.puts(path(message, emoji)).body["reactions"]] == ["❤️"]
    assert bob.deletes(path(message, emoji)).body["reactions"] == []


@pytest.mark.parametrize("emoji", ["x", "%2B1", "%00", THUMB + THUMB, "1", "%F0%9F%87%BD%F0%9F%87%BD", "%20"])
def test_a_path_without_one_emoji_is_refused(bob: Person, message: Json, emoji: str) -> None:
    for answer in (bob.puts(path(message, emoji)), bob.deletes(path(message, emoji))):
        assert (answer.status, answer.errors) == (400, {"emoji": ["This must be one emoji."]})


def test_the_list_of_reactions_is_paged_in_the_order_of_reacting(ann: Person, bob: Person, message: Json) -> None:
    for person, emoji in ((bob, HEART), (ann, THUMB), (ann, HEART)):
        person.puts(path(message, emoji))
    listing = f"/api/chat/messages/{message['id']}/reactions/"
    first = ann.gets(listing, limit=2)
    assert [(one["emoji"], one["user"]["username"]) for one in first.body] == [("❤️", "bob"), ("👍", "ann")]
    assert first.body[0]["created_at"] == NOW
    following = first.link("next")
    assert following is not None
    assert [one["user"]["username"] for one in ann.follows(following).body] == ["ann"]
    assert [one["user"]["username"] for one in ann.gets(listing, emoji="❤").body] == ["bob", "ann"]
    assert ann.gets(listing, emoji="x").errors == {"emoji": ["This must be one emoji."]}
    both = ann.gets(listing, emoji="x", limit=0).errors
    assert set(both) == {"emoji", "limit"}


def test_a_stranger_gets_the_same_answer_as_for_an_unknown_message(ann: Person, eve: Person, message: Json) -> None:
    hidden = ann.says("hush", in_=ann.makes_room("Secret", private=True))
    calls: list[tuple[str, str]] = [
        ("PUT", "reactions/%F0%9F%91%8D/"),
        ("DELETE", "reactions/%F0%9F%91%8D/"),
        ("GET", "reactions/"),
        ("PUT", "pin/"),
        ("DELETE", "pin/"),
    ]
    for method, end in calls:
        answers: list[Answer] = [
            eve.sends(method, f"/api/chat/messages/{id_}/{end}", headers={"X-Request-ID": "same"})
            for id_ in (hidden["id"], 99)
        ]
        assert [answer.code for answer in answers] == ["message_not_found"] * 2, (method, end)
        assert answers[0].text == answers[1].text
        assert eve.sends(method, f"/api/chat/messages/{message['id']}/{end}").code == "not_a_participant"


def test_the_twenty_first_kind_of_reaction_is_refused(ann: Person, bob: Person, message: Json) -> None:
    for number in range(20):
        assert bob.puts(path(message, chr(0x1F400 + number))).status == 200
    assert ann.puts(path(message, chr(0x1F400 + 20))).code == "too_many_reactions"
    assert ann.puts(path(message, chr(0x1F400))).status == 200


def test_a_deleted_message_refuses_reactions_and_pins(ann: Person, bob: Person, message: Json) -> None:
    ann.deletes(f"/api/chat/messages/{message['id']}/")
    for answer in (
        bob.puts(path(message)),
        bob.deletes(path(message)),
        ann.puts(f"/api/chat/messages/{message['id']}/pin/"),
    ):
        assert (answer.status, answer.code) == (409, "message_deleted")


def test_pinned_messages_are_listed_with_the_last_pinned_first(ann: Person, bob: Person, room: Json) -> None:
    messages = [ann.says(content, in_=room) for content in ("one", "two", "three")]
    for index in (1, 0):
        answer = ann.puts(f"/api/chat/messages/{messages[index]['id']}/pin/")
        assert (answer.status, answer.body["is_pinned"]) == (200, True)
    pins = f"/api/chat/rooms/{room['id']}/pins/"
    assert [(one["content"], one["is_pinned"]) for one in bob.gets(pins).body] == [("one", True), ("two", True)]
    assert bob.puts(f"/api/chat/messages/{messages[2]['id']}/pin/").code == "role_too_low"
    answer = ann.deletes(f"/api/chat/messages/{messages[1]['id']}/pin/")
    assert (answer.status, answer.body["is_pinned"]) == (200, False)
    ann.deletes(f"/api/chat/messages/{messages[0]['id']}/")
    assert bob.gets(pins).body == []


def test_the_list_of_pins_has_a_limit_and_links(ann: Person, bob: Person, room: Json) -> None:
    for content in ("one", "two", "three"):
        ann.puts(f"/api/chat/messages/{ann.says(content, in_=room)['id']}/pin/")
    first = bob.gets(f"/api/chat/rooms/{room['id']}/pins/", limit=2)
    second = bob.follows(first.link("next") or "")
    assert [one["content"] for one in first.body + second.body] == ["three", "two", "one"]
    assert (first.link("prev"), second.link("next")) == (None, None)
    assert bob.follows(second.link("prev") or "").body == first.body


def test_the_fifty_first_pin_is_refused(ann: Person, room: Json) -> None:
    pinned = [ann.puts(f"/api/chat/messages/{ann.says('x', in_=room)['id']}/pin/") for _ in range(51)]
    assert [answer.status for answer in pinned] == [200] * 50 + [409]
    assert pinned[50].code == "too_many_pins"
    assert len(ann.gets(f"/api/chat/rooms/{room['id']}/pins/").body) == 50


def test_events_show_reactions_and_pins(chat: Chat, ann: Person, bob: Person, eve: Person, message: Json) -> None:
    cursor = bob.gets("/api/chat/sync/").body["cursor"]
    bob.puts(path(message, HEART))
    ann.puts(path(message, HEART))
    bob.deletes(path(message, HEART))
    ann.puts(f"/api/chat/messages/{message['id']}/pin/")
    ann.deletes(f"/api/chat/messages/{message['id']}/pin/")
    events = bob.gets("/api/chat/sync/", after=cursor).body["events"]
    shown = [(one["type"], one["data"].get("added"), one["data"].get("user", {}).get("username")) for one in events]
    assert shown == [
        ("reaction.changed", True, "bob"),
        ("reaction.changed", True, "ann"),
        ("reaction.changed", False, "bob"),
        ("message.pinned", None, "ann"),
        ("message.unpinned", None, "ann"),
    ]
    first = events[0]["data"]
    assert {name: first[name] for name in ("room", "message", "seq", "emoji", "count")} == {
        "room": message["room"],
        "message": message["id"],
        "seq": 1,
        "emoji": "❤️",
        "count": 1,
    }
    reactions = [{"emoji": "❤️", "count": 1, "mine": False, "users": [ann.id]}]
    assert [one["data"]["reactions"] for one in events[3:]] == [reactions] * 2
    ann.deletes(f"/api/chat/messages/{message['id']}/")
    events = bob.gets("/api/chat/sync/", after=cursor).body["events"]
    assert [one["type"] for one in events] == ["message.pinned", "message.unpinned", "message.deleted"]
    assert all(one["data"]["reactions"] == [] for one in events)
