"""`users/{id}/block/` and `blocks/`: the routes, and how little a blocked person learns."""

import pytest

from api.client import Answer, Chat, Json, Person
from api.conftest import on_one_database
from api.routes import OVER_HTTP, PUBLIC

NOW = "2025-01-06T09:30:00.123Z"


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    return chat.people("ann", "bob", "cid")


@pytest.fixture
def cid(people: list[Person]) -> Person:
    return people[2]


@pytest.fixture
def room(ann: Person, bob: Person, cid: Person) -> Json:
    """A room that cid owns and ann and bob are in."""
    return cid.makes_room("Kitchen", with_=[ann, bob])


def blocks(person: Person, other: Person) -> None:
    assert person.posts(f"/api/chat/users/{other.id}/block/").status == 204


def unblocks(person: Person, other: Person) -> None:
    assert person.deletes(f"/api/chat/users/{other.id}/block/").status == 204


def blocked(person: Person, **query: object) -> Answer:
    return person.gets("/api/chat/blocks/", **query)


def cursor_of(person: Person) -> str:
    return str(person.gets("/api/chat/sync/").body["cursor"])


def events_since(person: Person, cursor: str) -> list[Json]:
    return list(person.gets("/api/chat/sync/", after=cursor).body["events"])


class TestTheList:
    def test_the_list_shows_users_with_the_time_of_the_block(self, ann: Person, bob: Person) -> None:
        blocks(ann, bob)
        blocks(ann, bob)
        shown = ann.gets(f"/api/auth/users/{bob.id}/").body
        user = {name: value for name, value in shown.items() if name not in {"is_online", "last_seen"}}
        assert blocked(ann).body == [{**user, "blocked_at": NOW}]
        assert blocked(bob).body == []
        unblocks(ann, bob)
        unblocks(ann, bob)
        assert blocked(ann).body == []

    def test_the_list_has_pages_with_the_latest_block_first(self, ann: Person, bob: Person, cid: Person) -> None:
        blocks(ann, bob)
        blocks(ann, cid)
        first = blocked(ann, limit=1)
        assert [user["id"] for user in first.body] == [cid.id]
        url = first.link("next")
        assert url is not None
        second = ann.follows(url)
        assert [user["id"] for user in second.body] == [bob.id]
        assert second.link("next") is None


class TestWhomOneCanBlock:
    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_users_cannot_block_themselves(self, ann: Person, method: str) -> None:
        answer = ann.sends(method, f"/api/chat/users/{ann.id}/block/")
        assert (answer.status, answer.errors) == (400, {"user_id": ["You can't do this to yourself."]})

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    @pytest.mark.parametrize("user_id", ["999", "0", "-1", "x", "9" * 40, str(2**53)])
    def test_an_id_that_names_nobody_is_not_found(self, ann: Person, method: str, user_id: str) -> None:
        answer = ann.sends(method, f"/api/chat/users/{user_id}/block/")
        assert answer.status == 404
        assert answer.code in {"user_not_found", "not_found"}

    def test_an_erased_account_can_only_be_unblocked(self, ann: Person, bob: Person) -> None:
        blocks(ann, bob)
        assert bob.sends("DELETE", "/api/auth/me/", json={"password": bob.password}).status == 204
        assert blocked(ann).body == []
        unblocks(ann, bob)
        assert ann.posts(f"/api/chat/users/{bob.id}/block/").code == "user_not_found"

    def test_a_disabled_account_can_be_blocked(self, chat: Chat, ann: Person, bob: Person) -> None:
        chat.app.extensions["minichat"].services.administration.disable("bob")
        blocks(ann, bob)
        assert len(blocked(ann).body) == 1


def attempts(person: Person, other: Person, cid: Person, direct: Json, own: Json) -> dict[str, Answer]:
    """What a block refuses, each with its answer. `own` is a room that the person owns; `direct`, the direct chat."""
    return {
        "send": person.posts("/api/chat/messages/", room=direct["id"], content="hello"),
        "type": person.posts(f"/api/chat/rooms/{direct['id']}/typing/"),
        "add": person.posts(f"/api/chat/rooms/{own['id']}/participants/", user_id=other.id),
        "create": person.posts("/api/chat/rooms/", name="New", participants=[cid.id, other.id]),
    }


class TestRefusals:
    def test_each_of_the_two_gets_the_code_of_their_side(self, ann: Person, bob: Person, cid: Person) -> None:
        direct = ann.chats_with(bob)
        rooms = {person: person.makes_room("Own") for person in (ann, bob)}
        blocks(ann, bob)
        for person, other, code in ((ann, bob, "you_blocked"), (bob, ann, "cannot_message")):
            for action, answer in attempts(person, other, cid, direct, rooms[person]).items():
                assert (action, answer.status, answer.code) == (action, 403, code)
        blocks(bob, ann)
        for person, other in ((ann, bob), (bob, ann)):
            for action, answer in attempts(person, other, cid, direct, rooms[person]).items():
                assert (action, answer.status, answer.code) == (action, 403, "you_blocked")

    def test_a_new_direct_chat_is_refused_and_an_existing_one_opens(self, ann: Person, bob: Person) -> None:
        blocks(ann, bob)
        for person, other, code in ((ann, bob, "you_blocked"), (bob, ann, "cannot_message")):
            answer = person.posts("/api/chat/create-direct-chat/", user_id=other.id)
            assert (answer.status, answer.code) == (403, code)
        assert [person.gets("/api/chat/rooms/").body for person in (ann, bob)] == [[], []]
        unblocks(ann, bob)
        direct = ann.chats_with(bob)
        blocks(ann, bob)
        for person, other in ((ann, bob), (bob, ann)):
            answer = person.posts("/api/chat/create-direct-chat/", user_id=other.id)
            assert (answer.status, answer.body["room"]["id"]) == (200, direct["id"])

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_the_sentence_for_the_blocked_person_does_not_name_the_block(
        self, ann: Person, bob: Person, language: str
    ) -> None:
        blocks(ann, bob)
        answer = bob.sends(
            "POST",
            "/api/chat/create-direct-chat/",
            json={"user_id": ann.id},
            headers={"Accept-Language": language},
        )
        text = answer.text.casefold()
        assert answer.status == 403
        assert not any(word in text for word in ("block", "блок", "ban", "ignor"))

    def test_an_edit_is_refused_and_a_deletion_is_not(self, ann: Person, bob: Person) -> None:
        direct = ann.chats_with(bob)
        message = bob.says("hello", in_=direct)
        blocks(ann, bob)
        path = f"/api/chat/messages/{message['id']}/"
        assert bob.patches(path, content="changed").code == "cannot_message"
        assert bob.deletes(path).status == 204

    def test_a_repeated_send_returns_the_first_message(self, ann: Person, bob: Person) -> None:
        direct = ann.chats_with(bob)
        sent = bob.says("hello", in_=direct, client_id="one")
        blocks(ann, bob)
        answer = bob.posts("/api/chat/messages/", room=direct["id"], content="hello", client_id="one")
        assert (answer.status, answer.body["id"], answer.headers["Idempotency-Replayed"]) == (200, sent["id"], "true")
        answer = bob.posts("/api/chat/messages/", room=direct["id"], content="other", client_id="one")
        assert answer.code == "client_id_reused"

    def test_wrong_fields_are_reported_before_the_block(self, ann: Person, bob: Person) -> None:
        direct = ann.chats_with(bob)
        blocks(ann, bob)
        answer = bob.posts("/api/chat/messages/", room=direct["id"], content="")
        assert (answer.status, list(answer.errors)) == (400, ["content"])
        answer = bob.posts("/api/chat/rooms/", name="", participants=[ann.id, 999])
        assert (answer.status, sorted(answer.errors)) == (400, ["name", "participants"])


class TestMessages:
    def test_the_blocker_sees_it_on_every_message_of_the_blocked_person(
        self, ann: Person, bob: Person, cid: Person, room: Json
    ) -> None:
        cursor = cursor_of(ann)
        said = bob.says("hello", in_=room)
        assert said["is_blocked"] is False
        blocks(ann, bob)

        def shown(person: Person) -> list[bool]:
            found = [
                person.history(room, mark_read="false").body["messages"][-1],
                person.history(room, mark_read="false").body["room"]["last_message"],
                person.gets("/api/chat/messages/").body[-1],
                person.gets("/api/chat/messages/", room=room["id"]).body[-1],
                person.gets(f"/api/chat/messages/{said['id']}/").body,
                person.looks_at(room)["last_message"],
                person.gets("/api/chat/rooms/").body[0]["last_message"],
                person.gets("/api/chat/rooms/", q="kit").body[0]["last_message"],
                person.posts(f"/api/chat/rooms/{room['id']}/join/").body["room"]["last_message"],
                person.gets("/api/chat/sync/", after=cursor).body["events"][0]["data"],
            ]
            assert {message["id"] for message in found} == {said["id"]}
            return [message["is_blocked"] for message in found]

        assert shown(ann) == [True] * 10
        assert shown(cid) == [False] * 10
        assert shown(bob) == [False] * 10
        unblocks(ann, bob)
        assert shown(ann) == [False] * 10

    def test_a_deleted_message_keeps_the_mark(self, ann: Person, bob: Person, room: Json) -> None:
        said = bob.says("hello", in_=room)
        bob.deletes(f"/api/chat/messages/{said['id']}/")
        blocks(ann, bob)
        [message] = ann.history(room).body["messages"]
        assert (message["content"], message["is_deleted"], message["is_blocked"]) == ("", True, True)

    def test_messages_of_a_blocked_user_count_as_unread(self, ann: Person, bob: Person, room: Json) -> None:
        blocks(ann, bob)
        bob.says("hello", in_=room)
        assert ann.looks_at(room)["unread_count"] == 1


class TestEvents:
    def test_the_blocker_receives_the_change(self, ann: Person, bob: Person) -> None:
        cursor = cursor_of(ann)
        user = {
            name: value
            for name, value in ann.gets(f"/api/auth/users/{bob.id}/").body.items()
            if name not in {"is_online", "last_seen"}
        }
        blocks(ann, bob)
        [event] = events_since(ann, cursor)
        assert (event["type"], event["data"]) == ("block.changed", {"user": user, "is_blocked": True})
        unblocks(ann, bob)
        assert [event["data"]["is_blocked"] for event in events_since(ann, cursor)] == [False, False]

    def test_each_event_of_a_message_shows_the_block(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        blocks(ann, bob)
        cursors = {person: cursor_of(person) for person in (ann, bob, cid)}
        path = f"/api/chat/messages/{bob.says('hello', in_=room)['id']}/"
        bob.patches(path, content="hello all")
        bob.deletes(path)
        for person, cursor in cursors.items():
            shown = [event["data"]["is_blocked"] for event in events_since(person, cursor)]
            assert shown == [person is ann] * 3


SKIPPED = {"/api/auth/me/export/", "/api/chat/sync/", "/api/chat/events/", "/metrics"}
"""Routes whose answers hold cursors of the log, or concern no person."""
UNEQUAL = ("X-RateLimit", "Date")
"""Headers that differ between any two answers."""
READING = sorted({route.path for route in OVER_HTTP if route.method == "GET"} - SKIPPED - PUBLIC)


def seen_by(person: Person, other: Person, rooms: list[Json], message: Json) -> dict[str, object]:
    """All that a person can read about the other, these rooms and the message: status, headers and body by path."""
    found: dict[str, object] = {}
    for room in rooms:
        places = {"room": room["id"], "other": other.id, "message": message["id"], "invite": 1}
        for route in READING:
            path = route.format(**places)
            path += "?limit=1&q=" + other.user["username"] if route.endswith("search/") else ""
            path += "?mark_read=false" if route.endswith("history/") else ""
            path += "?limit=1" if route.endswith("blocks/") else ""
            answer = person.sends("GET", path, headers={"X-Request-ID": "same"})
            headers = {name: value for name, value in answer.headers.items() if not name.startswith(UNEQUAL)}
            found[path] = (answer.status, headers, answer.body)
    return found


def events_without_ids(person: Person, cursor: str) -> list[Json]:
    return [{**event, "id": ""} for event in events_since(person, cursor)]


def test_a_blocked_person_reads_the_same_as_before(ann: Person, bob: Person, room: Json) -> None:
    direct = ann.chats_with(bob)
    said = bob.says("hello", in_=room)
    for place in (room, direct):
        for person in (ann, bob):
            person.says("hello", in_=place)
    before, cursor = seen_by(bob, ann, [room, direct], said), cursor_of(bob)
    export = bob.gets("/api/auth/me/export/").body
    blocks(ann, bob)
    assert seen_by(bob, ann, [room, direct], said) == before
    assert events_since(bob, cursor) == []
    again = bob.gets("/api/auth/me/export/").body
    assert {name for name in export if export[name] != again[name]} <= {"audit"}
    assert [entry["event"] for entry in again["audit"]].count("account.exported") == 2
    assert {entry["event"] for entry in again["audit"]} == {entry["event"] for entry in export["audit"]}


def life_of(chat: Chat, *, is_blocking: bool) -> list[object]:
    """Let people act in a shared room, in which Ann may have blocked Bob. Return all that Bob and Cid see of it."""
    ann, bob, cid, dora, eve = chat.people("ann", "bob", "cid", "dora", "eve")
    room = cid.makes_room("Kitchen", with_=[ann, bob, dora])
    direct = ann.chats_with(bob)
    ann.says("in private", in_=direct)
    blocks(bob, dora)
    if is_blocking:
        blocks(ann, bob)
    blocks(bob, eve)
    cursors = {person: cursor_of(person) for person in (bob, cid)}
    seen: list[object] = []
    by_bob, by_ann = bob.says("hello @ann and @all", in_=room), ann.says("hello @bob", in_=room)
    paths = {message["id"]: f"/api/chat/messages/{message['id']}/" for message in (by_bob, by_ann)}
    own, theirs = paths.values()
    acts = [
        lambda: ann.history(room),
        lambda: bob.reads(room, up_to=2),
        lambda: bob.patches(own, content="hello again, @ann"),
        lambda: bob.puts(f"{theirs}reactions/👍/"),
        lambda: ann.puts(f"{own}reactions/👍/"),
        lambda: ann.puts(f"{own}reactions/🎉/"),
        lambda: cid.puts(f"{own}pin/"),
        lambda: bob.posts(f"/api/chat/rooms/{room['id']}/typing/"),
        lambda: bob.posts(f"{theirs}report/", reason="abuse"),
        lambda: ann.posts(f"{own}report/", reason="abuse"),
        lambda: cid.posts("/api/chat/rooms/", name="Both", participants=[ann.id, bob.id]),
        lambda: bob.posts("/api/chat/create-direct-chat/", user_id=ann.id),
        lambda: bob.posts("/api/chat/messages/", room=room["id"], content="a reply", reply_to=by_ann["id"]),
        lambda: ann.patches(theirs, content="bye"),
        lambda: bob.deletes(f"{theirs}reactions/👍/"),
        lambda: bob.deletes(own),
        lambda: ann.leaves(room),
    ]
    for number, act in enumerate(acts, 1):
        chat.clock.advance(seconds=1)
        answer = act()
        assert answer.status in {200, 201, 204}, answer
        if number % 6 == 0 or number == len(acts):
            for person, cursor in cursors.items():
                seen += [seen_by(person, ann, [room], by_bob), events_without_ids(person, cursor)]
    return seen


@on_one_database
def test_nobody_but_the_blocker_sees_a_difference_in_shared_rooms(chat: Chat) -> None:
    peaceful = life_of(chat, is_blocking=False)
    assert life_of(chat.again(), is_blocking=True) == peaceful


def test_a_blocked_person_can_do_the_same_in_shared_rooms(ann: Person, bob: Person, room: Json) -> None:
    message = ann.says("hello", in_=room)
    blocks(ann, bob)
    reply = bob.posts("/api/chat/messages/", room=room["id"], content="hi", reply_to=message["id"])
    assert reply.status == 201
    assert bob.patches(f"/api/chat/messages/{reply.body['id']}/", content="hi all").status == 200
    assert bob.posts(f"/api/chat/rooms/{room['id']}/typing/").status == 204
    assert bob.reads(room, up_to=2).body == {"last_read_seq": 2, "unread_count": 0}
    assert bob.deletes(f"/api/chat/messages/{reply.body['id']}/").status == 204
