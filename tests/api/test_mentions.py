"""Mentions in messages, `mentions/`, `unread/` and `rooms/{id}/notify/`."""

import json

import pytest

from api.client import Answer, Chat, Json, Person, contents
from api.conftest import on_one_database
from api.test_frames import Socket
from minichat.live.events import Addressed

LATER = "2025-01-06T10:30:00.123Z"
"""An hour after the tests' time."""


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    return chat.people("ann", "bob", "cid", "eve")


@pytest.fixture
def cid(people: list[Person]) -> Person:
    return people[2]


@pytest.fixture
def eve(people: list[Person]) -> Person:
    return people[3]


@pytest.fixture
def room(ann: Person, bob: Person, cid: Person) -> Json:
    """A room that Ann owns; Eve is not in it."""
    return ann.makes_room("Kitchen", with_=[bob, cid])


def mentioned(message: Json) -> list[str]:
    return [user["username"] for user in message["mentions"]]


def edits(person: Person, message: Json, **fields: object) -> Answer:
    return person.patches(f"/api/chat/messages/{message['id']}/", **fields)


def notifies(person: Person, room: Json, **fields: object) -> Answer:
    return person.patches(f"/api/chat/rooms/{room['id']}/notify/", **fields)


def events_of(person: Person, cursor: str) -> list[tuple[str, Json]]:
    found = person.gets("/api/chat/sync/", after=cursor).body["events"]
    return [(event["type"], event["data"]) for event in found]


def cursor_of(person: Person) -> str:
    return str(person.gets("/api/chat/sync/").body["cursor"])


class TestMessages:
    def test_every_reader_sees_the_people_whom_a_message_mentions(
        self, ann: Person, bob: Person, cid: Person, room: Json
    ) -> None:
        sent = ann.says("@bob: look @nobody", in_=room, mention_ids=[cid.id])
        assert (mentioned(sent), sent["mentions_all"]) == (["bob", "cid"], False)
        person = ann.gets(f"/api/auth/users/{bob.id}/").body
        assert sent["mentions"][0] == {name: person[name] for name in person.keys() - {"is_online", "last_seen"}}
        for seen in (
            bob.gets(f"/api/chat/messages/{sent['id']}/").body,
            bob.history(room, mark_read="false").body["messages"][0],
            bob.gets("/api/chat/messages/").body[0],
            bob.looks_at(room)["last_message"],
            bob.gets("/api/chat/rooms/").body[0]["last_message"],
            bob.gets("/api/chat/search/", q="look").body[0],
            bob.gets("/api/chat/mentions/").body[0],
        ):
            assert seen["mentions"] == sent["mentions"]

    def test_an_edit_replaces_ids_alone(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        sent = ann.says("@bob", in_=room, mention_ids=[cid.id])
        edited = edits(ann, sent, mention_ids=[])
        assert (edited.status, mentioned(edited.body), edited.body["content"]) == (200, ["bob"], "@bob")
        assert edited.body["edited_at"] is not None
        assert mentioned(edits(ann, sent, content="hi", mention_ids=[bob.id]).body) == ["bob"]
        assert mentioned(edits(ann, sent, content="hello").body) == ["bob"]
        assert mentioned(edits(ann, sent, content="hi", mention_ids=None).body) == ["bob"]

    def test_an_edit_needs_content_or_ids(self, ann: Person, room: Json) -> None:
        sent = ann.says("hello", in_=room)
        for fields in ({}, {"mention_ids": None}, {"content": None}, {"id": 7}):
            answer = edits(ann, sent, **fields)
            assert (answer.status, answer.errors) == (400, {"content": ["This field is required."]})
        wrong = edits(ann, sent, text="x")
        assert wrong.errors == {"content": ["This field is required."], "text": ["Unknown field."]}

    @pytest.mark.parametrize(
        ("ids", "sentence"),
        [
            ([999], "One of these people is not in this room."),
            ([1, 4], "One of these people is not in this room."),
            ([*range(1, 52)], "Use at most 50 items."),
            (["2"], "This is not a valid id."),
            ([2.5], "This is not a valid id."),
            ([True], "This is not a valid id."),
            ([0, 2**53], "This is not a valid id."),
            (2, "This must be a list."),
            ({"2": 2}, "This must be a list."),
        ],
    )
    def test_wrong_ids_are_refused_wherever_they_are_sent(
        self, ann: Person, bob: Person, room: Json, ids: object, sentence: str
    ) -> None:
        sent = ann.says("hello", in_=room)
        for answer in (
            ann.posts("/api/chat/messages/", room=room["id"], content="x", mention_ids=ids),
            edits(ann, sent, content="x", mention_ids=ids),
        ):
            assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", {"mention_ids"})
            assert answer.errors["mention_ids"][0].startswith(sentence[:20])
        for socket, fields in ((Socket(ann), {"room": room["id"]}), (Socket(ann, room), {})):
            problem = socket.says("message", **fields, content="x", client_id="1", mention_ids=ids)
            assert (problem["type"], problem["client_id"], set(problem["errors"])) == ("problem", "1", {"mention_ids"})
        assert bob.looks_at(room)["last_seq"] == 1

    def test_all_wrong_fields_are_named_at_once(self, ann: Person, room: Json) -> None:
        answer = ann.posts("/api/chat/messages/", room=room["id"], content=" ", mention_ids=[999], reply_to=9, x=1)
        assert set(answer.errors) == {"content", "mention_ids", "reply_to", "x"}
        russian = ann.sends(
            "POST",
            "/api/chat/messages/",
            json={"room": room["id"], "content": "x", "mention_ids": [999]},
            headers={"Accept-Language": "ru"},
        )
        assert russian.errors == {"mention_ids": ["Кого-то из этих людей нет в этой комнате."]}

    def test_frames_of_both_sockets_mention_people(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        for socket, fields in ((Socket(ann), {"room": room["id"]}), (Socket(ann, room), {})):
            ack = socket.says("message", **fields, content="@bob", mention_ids=[cid.id])
            assert mentioned(ack["message"]) == ["bob", "cid"]
        assert [bob.looks_at(room)["unread_mentions"], cid.looks_at(room)["unread_mentions"]] == [2, 2]

    @pytest.mark.parametrize("name", ["all", "Everyone", "HERE", "channel"])
    def test_names_that_mention_several_people_cannot_be_registered(self, chat: Chat, name: str) -> None:
        answer = chat.anyone.posts("/api/auth/register/", username=name, password="correct horse")
        assert (answer.status, set(answer.errors)) == (400, {"username"})

    def test_a_retry_gets_the_first_message_with_its_mentions(self, ann: Person, room: Json) -> None:
        first = ann.says("@bob", in_=room, client_id="1")
        again = ann.posts("/api/chat/messages/", room=room["id"], content="@bob", client_id="1", mention_ids=[999])
        assert (again.status, again.headers["Idempotency-Replayed"], again.body) == (200, "true", first)


class TestRooms:
    def test_a_room_counts_unread_mentions(self, ann: Person, bob: Person, eve: Person, room: Json) -> None:
        for content in ("@bob", "hello", "@all"):
            ann.says(content, in_=room)
        assert [person.looks_at(room)["unread_mentions"] for person in (ann, bob, eve)] == [0, 2, 0]
        [listed] = bob.gets("/api/chat/rooms/").body
        assert (listed["unread_count"], listed["unread_mentions"]) == (3, 2)
        assert bob.history(room, limit=1).body["room"]["unread_mentions"] == 0
        assert bob.gets("/api/chat/unread/").body == {"total": 0, "mentions": 0, "rooms": []}

    def test_unread_counts_add_up_over_rooms(self, ann: Person, bob: Person, room: Json) -> None:
        other = ann.makes_room("Garden", with_=[bob])
        ann.says("@bob", in_=room)
        ann.says("hello", in_=other)
        assert bob.gets("/api/chat/unread/").body == {
            "total": 2,
            "mentions": 1,
            "rooms": [
                {"room": other["id"], "unread_count": 1, "unread_mentions": 0, "last_read_seq": 0},
                {"room": room["id"], "unread_count": 1, "unread_mentions": 1, "last_read_seq": 0},
            ],
        }

    def test_mentions_are_paged_from_the_newest(self, ann: Person, bob: Person, room: Json) -> None:
        for number in range(5):
            ann.says(f"@bob {number}", in_=room)
        first = bob.gets("/api/chat/mentions/", limit=2)
        assert contents(first) == ["@bob 4", "@bob 3"]
        following = first.link("next")
        assert following is not None
        second = bob.follows(following)
        assert contents(second) == ["@bob 2", "@bob 1"]
        assert contents(bob.follows(second.link("next") or "")) == ["@bob 0"]
        for query in ({"limit": 0}, {"before": "x"}, {"after": 1}):
            assert bob.gets("/api/chat/mentions/", **query).errors.keys() == query.keys()


class TestNotifying:
    def test_settings_are_shown_to_their_user_alone(self, ann: Person, bob: Person, room: Json) -> None:
        assert (room["notify"], room["muted_until"]) == ("all", None)
        answer = notifies(bob, room, notify="mentions")
        assert (answer.status, answer.body["notify"], answer.body["muted_until"]) == (200, "mentions", None)
        answer = notifies(bob, room, muted_until="2025-01-06T12:30:00.1239+02:00")
        assert (answer.body["notify"], answer.body["muted_until"]) == ("mentions", LATER)
        assert bob.looks_at(room) == answer.body
        assert ann.looks_at(room)["notify"] == "all"
        assert notifies(bob, room, muted_until=None).body["muted_until"] is None
        assert notifies(bob, room, muted_until="2025-01-06T09:29:59Z").body["muted_until"] is None

    def test_a_request_without_fields_changes_nothing(self, bob: Person, room: Json) -> None:
        notifies(bob, room, notify="none", muted_until=LATER)
        cursor = cursor_of(bob)
        before = bob.looks_at(room)
        for body in ({}, {"notify": None}, {"notify": "none", "muted_until": LATER}, before):
            assert notifies(bob, room, **body).body == before
        assert bob.sends("PATCH", f"/api/chat/rooms/{room['id']}/notify/").body == before
        assert events_of(bob, cursor) == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"notify": "some"},
            {"notify": 1},
            {"notify": ["all"]},
            {"muted_until": "tomorrow"},
            {"muted_until": 1_736_155_800},
            {"muted_until": "2025-01-06"},
            {"muted_until": "2025-01-06T10:30:00"},
            {"muted_until": "2025-02-30T10:30:00Z"},
            {"muted_until": "2025-01-06T24:00:00Z"},
            {"muted_until": "9999-12-31T23:59:59-12:00"},
            {"muted_until": "2025-01-06T10:30:00+24:00"},
            {"muted_until": ""},
            {"mute": True},
        ],
    )
    def test_wrong_settings_are_refused(self, bob: Person, room: Json, fields: dict[str, object]) -> None:
        answer = notifies(bob, room, **fields)
        assert (answer.status, answer.code, set(answer.errors)) == (400, "validation_failed", set(fields))
        assert bob.looks_at(room)["muted_until"] is None

    @pytest.mark.parametrize(
        "time", ["2025-01-06t10:30:00.123z", "2025-01-06T10:30:00.1234567890Z", "2025-01-06T04:30:00.123-06:00"]
    )
    def test_a_time_may_have_any_form_of_the_standard(self, bob: Person, room: Json, time: str) -> None:
        assert notifies(bob, room, muted_until=time).body["muted_until"] == LATER

    def test_the_far_future_and_the_distant_past_are_times(self, bob: Person, room: Json) -> None:
        assert notifies(bob, room, muted_until="9999-12-31T23:59:59.999Z").body["muted_until"] == (
            "9999-12-31T23:59:59.999Z"
        )
        assert notifies(bob, room, muted_until="0001-01-01T00:00:00+23:59").body["muted_until"] is None

    def test_outsiders_have_no_settings(self, ann: Person, eve: Person, room: Json) -> None:
        assert notifies(eve, room, notify="none").code == "not_a_participant"
        secret = ann.makes_room("Secret", private=True)
        assert notifies(eve, secret, notify="none").code == "room_not_found"


class TestEvents:
    def test_a_setting_is_an_event_on_ones_own_devices(self, ann: Person, bob: Person, room: Json) -> None:
        cursors = [cursor_of(person) for person in (ann, bob)]
        shown = notifies(bob, room, notify="none").body
        assert [events_of(person, cursor) for person, cursor in zip((ann, bob), cursors, strict=True)] == [
            [],
            [("room.notify", shown)],
        ]

    def test_a_message_event_has_its_mentions(self, ann: Person, bob: Person, room: Json) -> None:
        cursor = cursor_of(bob)
        sent = ann.says("@bob @all", in_=room)
        edited = edits(ann, sent, content="hi").body
        ann.deletes(f"/api/chat/messages/{sent['id']}/")
        seen = [(type_, mentioned(data), data["mentions_all"]) for type_, data in events_of(bob, cursor)]
        assert (mentioned(edited), edited["mentions_all"]) == ([], False)
        assert seen == [(f"message.{kind}", [], False) for kind in ("created", "updated", "deleted")]

    def test_the_hub_hides_the_mention_by_somebody_blocked(
        self, chat: Chat, ann: Person, bob: Person, cid: Person, room: Json
    ) -> None:
        bob.posts(f"/api/chat/users/{ann.id}/block/")
        api = chat.app.extensions["minichat"]
        place = api.services.change_log.end()
        ann.says("@bob @cid @all", in_=room)
        [created] = api.services.change_log.after(place, 10)
        [events] = api.events.write([Addressed(created, [ann.id, bob.id, cid.id])], "http://a")
        seen = {user_id: json.loads(event.json)["data"] for user_id, event in events.items()}
        assert {user_id: (mentioned(data), data["mentions_all"]) for user_id, data in seen.items()} == {
            ann.id: (["bob", "cid"], True),
            bob.id: (["cid"], False),
            cid.id: (["bob", "cid"], True),
        }


class TestBlocks:
    def test_the_blocker_never_sees_being_mentioned(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        sent = ann.says("hello @bob @cid @all", in_=room)
        cursor = cursor_of(bob)
        edits(ann, sent, content="hello @bob and @cid @all")
        bob.posts(f"/api/chat/users/{ann.id}/block/")
        seen = [
            bob.gets(f"/api/chat/messages/{sent['id']}/").body,
            bob.history(room, mark_read="false").body["messages"][0],
            bob.looks_at(room)["last_message"],
            bob.gets("/api/chat/search/", q="hello").body[0],
            next(data for type_, data in events_of(bob, cursor) if type_ == "message.updated"),
        ]
        for message in seen:
            assert (mentioned(message), message["mentions_all"], message["is_blocked"]) == (["cid"], False, True)
        assert bob.gets("/api/chat/mentions/").body == []
        assert bob.looks_at(room)["unread_mentions"] == 0
        assert bob.gets("/api/chat/unread/").body["mentions"] == 0
        for person in (ann, cid):
            message = person.gets(f"/api/chat/messages/{sent['id']}/").body
            assert (mentioned(message), message["mentions_all"]) == (["bob", "cid"], True)


class TestYourData:
    @on_one_database
    def test_the_export_holds_mentions_and_settings(self, ann: Person, bob: Person, room: Json) -> None:
        own = ann.says("@bob @all", in_=room)
        of_ann = bob.says("@ann", in_=room)
        notifies(ann, room, notify="mentions", muted_until=LATER)
        export = ann.gets("/api/auth/me/export/").body
        [message] = export["messages"]
        assert (message["id"], message["mentions"], message["mentions_all"]) == (
            own["id"],
            [{"user": bob.id, "username": "bob"}],
            True,
        )
        assert export["mentions"] == [{"room": room["id"], "message": of_ann["id"]}]
        [kept] = export["rooms"]
        assert (kept["notify"], kept["muted_until"]) == ("mentions", LATER)
