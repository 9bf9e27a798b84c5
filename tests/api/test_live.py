"""`sync/`, `events/` and tickets, without waiting for an event. (Streams that stay open: tests/e2e/test_live.py)"""

import json
import re
from typing import Any

import pytest

from api.client import Answer, Chat, Json, Person
from minichat.adapters.peewee.stores.changes import change_store
from minichat.domain.model import ChangeKind
from minichat.domain.tickets import LIFETIME_SECONDS


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann", first_name="Ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


def drop_a_change(chat: Chat) -> None:
    """Drop the oldest change of the log, as retention does."""
    with chat.database.writing():
        assert change_store(chat.database).sweep(2**50, 1) == 1


def now(person: Person) -> str:
    """Return the current cursor."""
    answer = person.gets("/api/chat/sync/")
    assert (answer.status, answer.body["events"], answer.body["has_more"]) == (200, [], False)
    return str(answer.body["cursor"])


def since(person: Person, cursor: str, **query: object) -> list[Json]:
    answer = person.gets("/api/chat/sync/", after=cursor, **query)
    assert answer.status == 200, answer
    return list(answer.body["events"])


def kinds(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def streamed(answer: Answer) -> list[dict[str, Any]]:
    """Return the fields of each server-sent event, with `data` parsed."""
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    found = []
    for block in re.sub(r"^:.*\n", "", answer.text, flags=re.MULTILINE).split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append({**fields, "data": json.loads(fields["data"])})
    return found


class TestSync:
    def test_sync_returns_the_events_since_the_cursor_oldest_first(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        said = ann.says("hello", in_=room)
        bob.reads(room, up_to=1)
        ann.patches(f"/api/chat/rooms/{room['id']}/", name="Tea")
        events = since(bob, cursor)
        assert kinds(events) == ["message.created", "message.read", "room.updated"]
        assert events[0]["data"] == {**said, "is_read": True}
        assert events[0]["time"] == said["timestamp"]
        assert events[1]["data"] == {"room": room["id"], "user": bob.id, "last_read_seq": 1}
        assert events[2]["data"] == bob.looks_at(room)
        assert since(bob, events[1]["id"]) == events[2:]

    def test_a_message_looks_as_in_the_history_of_each_user(self, chat: Chat, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob, chat.person("cid")])
        cursors = {person: now(person) for person in (ann, bob)}
        ann.says("hello", in_=room)
        for person, cursor in cursors.items():
            assert since(person, cursor)[0]["data"]["is_read"] is False
        bob.history(room)
        for person, cursor in cursors.items():
            assert since(person, cursor)[0]["data"] == person.gets("/api/chat/messages/").body[0]
            assert since(person, cursor)[0]["data"]["is_read"] is True

    def test_a_new_room_comes_with_its_participants(self, ann: Person, bob: Person) -> None:
        cursor = now(bob)
        room = ann.makes_room(with_=[bob])
        made, *joined = since(bob, cursor)
        assert made["type"] == "room.created"
        assert made["data"] == bob.looks_at(room)
        assert kinds(joined) == ["participant.joined"] * 2
        joins = [(event["data"]["room"], event["data"]["user"]["username"], event["data"]["role"]) for event in joined]
        assert joins == [(room["id"], "ann", "owner"), (room["id"], "bob", "member")]

    def test_a_former_member_receives_only_their_departure(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        ann.says("for your ears only", in_=room)
        bob.leaves(room)
        ann.says("among us", in_=room)
        assert [(event["type"], event["data"]["user"]["id"]) for event in since(bob, cursor)] == [
            ("participant.left", bob.id)
        ]

    def test_a_deleted_room_leaves_one_event(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        ann.says("goodbye", in_=room)
        ann.deletes(f"/api/chat/rooms/{room['id']}/")
        events = since(bob, cursor)
        assert kinds(events) == ["room.deleted"]
        assert events[0]["data"] == {"room": room["id"]}

    def test_events_of_a_message_hold_its_present_state(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        first, second = ann.says("helo", in_=room), ann.says("oops", in_=room)
        ann.patches(f"/api/chat/messages/{first['id']}/", content="hello")
        ann.deletes(f"/api/chat/messages/{second['id']}/")
        found = since(bob, cursor)
        assert kinds(found) == ["message.created", "message.created", "message.updated", "message.deleted"]
        contents = [(event["data"]["content"], event["data"]["is_deleted"]) for event in found]
        assert contents == [("hello", False), ("", True)] * 2

    def test_a_removed_participant_receives_only_the_removal(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        ann.says("among us", in_=room)
        ann.deletes(f"/api/chat/rooms/{room['id']}/participants/{bob.id}/")
        ann.says("among us", in_=room)
        assert kinds(since(bob, cursor)) == ["participant.left"]

    def test_a_new_role_reaches_its_owner(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        ann.patches(f"/api/chat/rooms/{room['id']}/participants/{bob.id}/", role="owner")
        found = since(bob, cursor)
        assert kinds(found) == ["participant.updated"] * 2
        roles = {(event["data"]["user"]["username"], event["data"]["role"]) for event in found}
        assert roles == {("bob", "owner"), ("ann", "moderator")}

    def test_sync_returns_a_long_log_in_pages(self, ann: Person) -> None:
        cursor = now(ann)
        room = ann.makes_room()
        for number in range(5):
            ann.says(f"{number}", in_=room)
        whole = since(ann, cursor)
        found, has_more = [], True
        while has_more:
            answer = ann.gets("/api/chat/sync/", after=cursor, limit=3)
            found += answer.body["events"]
            cursor, has_more = answer.body["cursor"], answer.body["has_more"]
            assert len(answer.body["events"]) <= 3
        assert found == whole
        assert len(found) == 7

    def test_a_cursor_moves_past_the_events_of_other_rooms(self, chat: Chat, ann: Person, bob: Person) -> None:
        cursor = now(bob)
        ann.says("to myself", in_=ann.makes_room())
        answer = bob.gets("/api/chat/sync/", after=cursor)
        assert answer.body["events"] == []
        assert answer.body["cursor"] == now(bob) != cursor

    def test_a_forged_cursor_is_400(self, ann: Person) -> None:
        good = now(ann)
        number, _, seal = good.partition(".")
        raised = f"{int(number[0]) + 1}{number[1:]}.{seal}"
        for bad in ("1", "x", raised, f"{number}.{seal[::-1]}", f"{good}=", f"{good}\n", f"0{good}"):
            answer = ann.gets("/api/chat/sync/", after=bad)
            assert (answer.status, answer.code) == (400, "invalid_cursor"), bad
            assert list(answer.errors) == ["after"]

    def test_a_cursor_before_the_log_is_410(self, chat: Chat, ann: Person) -> None:
        cursor = now(ann)
        room = ann.makes_room()
        drop_a_change(chat)
        answer = ann.gets("/api/chat/sync/", after=cursor)
        assert (answer.status, answer.code) == (410, "resync_required")
        cursor = now(ann)
        ann.says("hello", in_=room)
        assert kinds(since(ann, cursor)) == ["message.created"]

    def test_a_cursor_after_the_log_is_410(self, chat: Chat, ann: Person) -> None:
        ann.makes_room()
        (epoch, end, *rest) = chat.app.extensions["minichat"].services.change_log.end()
        cursor = chat.app.extensions["minichat"].cursors.encode((epoch, end + 1_000_000, *rest))
        answer = ann.gets("/api/chat/sync/", after=cursor)
        assert (answer.status, answer.code) == (410, "resync_required")

    def test_a_change_of_a_later_version_is_passed_over(self, chat: Chat, ann: Person) -> None:
        """During an upgrade, servers of two versions share the log."""
        room, cursor = ann.makes_room(), now(ann)
        with chat.database.writing():
            values = f"('room.painted', {room['id']}, 1)"
            chat.database.execute_sql(f"INSERT INTO change (kind, room_id, at) VALUES {values}")
        ann.says("hello", in_=room)
        assert kinds(since(ann, cursor)) == ["message.created"]

    def test_a_limit_or_timeout_out_of_range_is_400(self, ann: Person) -> None:
        for query in ({"timeout": 31}, {"timeout": -1}, {"timeout": "x"}, {"limit": 0}, {"limit": 201}):
            answer = ann.gets("/api/chat/sync/", after=now(ann), **query)
            assert answer.status == 400
            assert list(answer.errors) == list(query)


def test_every_kind_of_change_has_an_event(chat: Chat) -> None:
    assert set(chat.app.extensions["minichat"].events._writers) == set(ChangeKind)


class TestEvents:
    def test_a_stream_sends_the_events_after_the_cursor(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        cursor = now(bob)
        ann.says("hello,\nBob", in_=room)
        ann.says("how are you?", in_=room)
        answer = bob.gets("/api/chat/events/", after=cursor)
        found = streamed(answer)
        assert [event["data"] for event in found] == since(bob, cursor)
        assert [(event["id"], event["event"]) for event in found] == [
            (event["id"], "message.created") for event in since(bob, cursor)
        ]

    def test_a_stream_prefers_last_event_id_to_the_cursor_in_the_url(self, ann: Person) -> None:
        cursor = now(ann)
        ann.makes_room()
        made, joined = since(ann, cursor)
        answer = ann.sends("GET", f"/api/chat/events/?after={cursor}", headers={"Last-Event-ID": made["id"]})
        assert [event["data"] for event in streamed(answer)] == [joined]

    def test_a_stream_without_a_cursor_skips_the_past(self, ann: Person) -> None:
        ann.makes_room()
        assert streamed(ann.gets("/api/chat/events/")) == []

    def test_a_stream_sends_resync_for_a_cursor_before_the_log(self, chat: Chat, ann: Person) -> None:
        cursor = now(ann)
        ann.makes_room()
        drop_a_change(chat)
        (event,) = streamed(ann.gets("/api/chat/events/", after=cursor))
        assert event["event"] == event["data"]["type"] == "resync"
        assert event["data"]["data"] == {}
        assert "id" not in event
        assert "id" not in event["data"]

    def test_a_stream_refuses_a_forged_cursor(self, ann: Person) -> None:
        for answer in (
            ann.gets("/api/chat/events/", after="1.aaaaaaaaaaaa"),
            ann.sends("GET", "/api/chat/events/", headers={"Last-Event-ID": "1.aaaaaaaaaaaa"}),
        ):
            assert (answer.status, answer.code) == (400, "invalid_cursor")

    def test_a_stream_removes_its_listener_at_the_end(self, chat: Chat, ann: Person) -> None:
        for _ in range(30):  # more than the limit of open streams
            ann.gets("/api/chat/events/")
            ann.sends("HEAD", "/api/chat/events/")
        assert not chat.app.extensions["minichat"].hub._admitted


class TestTickets:
    def ticket(self, person: Person) -> str:
        answer = person.posts("/api/chat/events/ticket/")
        assert (answer.status, answer.body["expires_in"]) == (201, 30)
        return str(answer.body["ticket"])

    def test_a_ticket_opens_a_stream_of_its_user(self, chat: Chat, ann: Person) -> None:
        cursor = now(ann)
        ann.makes_room()
        answer = chat.anyone.gets("/api/chat/events/", ticket=self.ticket(ann), after=cursor)
        assert [event["data"] for event in streamed(answer)] == since(ann, cursor)

    @pytest.mark.parametrize("given", ["Basic YW5uOnNlY3JldA==", "Negotiate YIIZ", "Digest username=ann", ""])
    def test_a_ticket_works_beside_the_credentials_for_a_proxy(self, chat: Chat, ann: Person, given: str) -> None:
        path = f"/api/chat/events/?ticket={self.ticket(ann)}"
        assert chat.anyone.sends("GET", path, headers={"Authorization": given}).status == 200

    def test_a_token_precedes_a_ticket(self, chat: Chat, ann: Person) -> None:
        ticket = self.ticket(ann)
        for given in ("Bearer x", "bearer x", "BEARER", "Bearer "):
            answer = chat.anyone.sends("GET", f"/api/chat/events/?ticket={ticket}", headers={"Authorization": given})
            assert answer.status == 401
        assert chat.anyone.gets("/api/chat/events/", ticket=ticket).status == 200

    def test_credentials_for_a_proxy_alone_open_no_stream(self, chat: Chat) -> None:
        answer = chat.anyone.sends("GET", "/api/chat/events/", headers={"Authorization": "Basic YW5uOnNlY3JldA=="})
        assert (answer.status, answer.code) == (401, "not_authenticated")

    def test_a_ticket_works_once(self, chat: Chat, ann: Person) -> None:
        ticket = self.ticket(ann)
        assert chat.anyone.gets("/api/chat/events/", ticket=ticket).status == 200
        answer = chat.anyone.gets("/api/chat/events/", ticket=ticket)
        assert (answer.status, answer.code) == (401, "ticket_invalid")

    def test_a_ticket_expires(self, chat: Chat, ann: Person) -> None:
        tickets = [self.ticket(ann), self.ticket(ann)]
        chat.clock.advance(LIFETIME_SECONDS - 0.001)
        assert chat.anyone.gets("/api/chat/events/", ticket=tickets[0]).status == 200
        chat.clock.advance(0.001)
        assert chat.anyone.gets("/api/chat/events/", ticket=tickets[1]).code == "ticket_invalid"

    def test_a_ticket_ends_with_its_session(self, chat: Chat, ann: Person) -> None:
        ticket = self.ticket(ann)
        ann.posts("/api/auth/logout/")
        assert chat.anyone.gets("/api/chat/events/", ticket=ticket).code == "session_ended"

    def test_a_ticket_opens_no_other_route(self, chat: Chat, ann: Person) -> None:
        ticket = self.ticket(ann)
        assert chat.anyone.gets("/api/auth/me/", ticket=ticket).status == 401
        assert chat.anyone.gets("/api/chat/sync/", ticket=ticket).status == 401
        assert chat.anyone.gets("/api/chat/events/", ticket=ticket).status == 200

    def test_a_forged_ticket_is_401(self, chat: Chat, ann: Person) -> None:
        for made_up in ("x", ann.token, "\u0000"):
            answer = chat.anyone.gets("/api/chat/events/", ticket=made_up)
            assert (answer.status, answer.code) == (401, "ticket_invalid")

    def test_a_ticket_is_stored_only_as_a_hash(self, chat: Chat, ann: Person) -> None:
        ticket = self.ticket(ann)
        assert ticket not in repr(chat.dump(without=()))

    def test_an_access_token_is_not_accepted_as_a_ticket(self, chat: Chat, ann: Person) -> None:
        for name in ("access", "token", "access_token", "jwt"):
            assert chat.anyone.gets("/api/chat/events/", **{name: ann.token}).status == 401
