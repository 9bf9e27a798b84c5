"""`messages/{id}/report/`: reporting a message."""

import pytest

from api.client import Answer, Chat, Json, Person
from minichat.domain.model import ReportState
from minichat.domain.paging import Window
from minichat.domain.reports import MAX_PER_HOUR


def reports(person: Person, message: Json, **fields: object) -> Answer:
    return person.posts(f"/api/chat/messages/{message['id']}/report/", **({"reason": "spam"} | fields))


def queued(chat: Chat) -> list[tuple[str, str, str]]:
    """The reason, comment and content of each report in the queue, the newest first."""
    service = chat.app.extensions["minichat"].services.report_queue
    found = [service.report_store.get(head.id) for head in service.page(Window(200), None).page.items]
    return [(report.head.reason.value, report.comment, report.content) for report in found]


def test_a_report_is_queued_once_with_a_copy(chat: Chat, ann: Person, bob: Person, room: Json) -> None:
    said = bob.says("buy this", in_=room)
    assert reports(ann, said, reason="abuse", comment="again\r\nand again").status == 204
    assert reports(ann, said, reason="other").status == 204
    bob.deletes(f"/api/chat/messages/{said['id']}/")
    assert reports(ann, said).status == 204
    assert queued(chat) == [("abuse", "again\nand again", "buy this")]


def test_a_comment_is_optional_and_may_be_null(chat: Chat, ann: Person, bob: Person, room: Json) -> None:
    for fields in ({}, {"comment": None}, {"comment": ""}):
        assert reports(ann, bob.says("buy this", in_=room), **fields).status == 204
    assert queued(chat) == [("spam", "", "buy this")] * 3


def test_a_report_of_ones_own_message_is_refused(chat: Chat, bob: Person, room: Json) -> None:
    answer = reports(bob, bob.says("hello", in_=room))
    assert (answer.status, answer.errors) == (400, {"message_id": ["You can't report your own message."]})
    assert queued(chat) == []


def test_a_deleted_message_is_refused(chat: Chat, ann: Person, bob: Person, room: Json) -> None:
    said = bob.says("hello", in_=room)
    bob.deletes(f"/api/chat/messages/{said['id']}/")
    answer = reports(ann, said)
    assert (answer.status, answer.code) == (409, "message_deleted")
    assert queued(chat) == []


def test_a_message_that_one_cannot_read_is_not_found(ann: Person, bob: Person, eve: Person, room: Json) -> None:
    hidden = ann.says("hello", in_=ann.chats_with(bob))
    answers = [
        eve.sends(
            "POST",
            f"/api/chat/messages/{message_id}/report/",
            json={"reason": "spam"},
            headers={"X-Request-ID": "same"},
        )
        for message_id in (hidden["id"], 999)
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert reports(eve, ann.says("hello", in_=room)).code == "not_a_participant"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": "boring"}, {"reason"}),
        ({"reason": None}, {"reason"}),
        ({"reason": ["spam"]}, {"reason"}),
        ({"comment": "x" * 1_001}, {"comment"}),
        ({"comment": "\x00", "reason": ""}, {"comment", "reason"}),
        ({"comment": "x" * 1_001, "colour": 1}, {"comment", "colour"}),
    ],
)
def test_wrong_fields_of_a_report_are_named(
    chat: Chat, ann: Person, bob: Person, room: Json, fields: Json, wrong: set[str]
) -> None:
    answer = reports(ann, bob.says("hello", in_=room), **fields)
    assert (answer.status, set(answer.errors)) == (400, wrong)
    assert queued(chat) == []


def test_a_comment_of_a_thousand_characters_is_accepted(ann: Person, bob: Person, room: Json) -> None:
    assert reports(ann, bob.says("hello", in_=room), comment="😀" * 1_000).status == 204


def test_the_twenty_first_report_of_an_hour_is_refused(chat: Chat, ann: Person, bob: Person, room: Json) -> None:
    for number in range(MAX_PER_HOUR):
        assert reports(ann, bob.says(f"{number}", in_=room)).status == 204
    answer = reports(ann, bob.says("one more", in_=room))
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "too_many_reports", "3600")
    chat.clock.advance(seconds=3_600)
    ann, bob = ann.logs_in(), bob.logs_in()
    assert reports(ann, bob.says("one more", in_=room)).status == 204


def test_the_author_sees_nothing_of_a_report(chat: Chat, ann: Person, bob: Person, room: Json) -> None:
    said = bob.says("hello", in_=room)
    paths = [
        f"/api/chat/messages/{said['id']}/",
        f"/api/chat/rooms/{room['id']}/",
        f"/api/chat/rooms/{room['id']}/history/?mark_read=false",
        "/api/auth/me/",
    ]
    cursor = bob.gets("/api/chat/sync/").body["cursor"]
    before = [bob.sends("GET", path).body for path in paths]
    exported = bob.gets("/api/auth/me/export/").body
    reports(ann, said)
    service = chat.app.extensions["minichat"].services.report_queue
    [head] = service.page(Window(1)).page.items
    service.open(head.id, by=None)
    service.decide(head.id, ReportState.ACTED_ON, seen=ReportState.OPEN, by=None)
    assert [bob.sends("GET", path).body for path in paths] == before
    assert bob.gets("/api/chat/sync/", after=cursor).body["events"] == []
    again = bob.gets("/api/auth/me/export/").body
    assert {name for name in again if again[name] != exported[name]} == {"audit"}
    assert {entry["event"] for entry in again["audit"]} == {"account.exported", "account.registered"}
