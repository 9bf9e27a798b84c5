"""The requests with which common clients of server-sent events open a stream and resume it, byte for byte.

`make slow` runs the clients themselves (tests/foreign), and fails if their requests are no longer these.
"""

import json
import re
from urllib.parse import quote

import pytest

from api.client import Answer, Chat, Json, Person
from api.conftest import on_one_database
from stream_clients import RESUMING

EVENTS = "/api/chat/events/"


class Past:
    """Three events of Ann, and the cursor before each."""

    def __init__(self, ann: Person) -> None:
        self.start = str(ann.gets("/api/chat/sync/").body["cursor"])
        room = ann.makes_room()
        ann.says("hello", in_=room)
        self.events: list[Json] = ann.gets("/api/chat/sync/", after=self.start).body["events"]
        assert len(self.events) == 3
        self.cursors = [self.start, *(event["id"] for event in self.events)]


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def past(ann: Person) -> Past:
    return Past(ann)


def streamed(answer: Answer) -> list[Json]:
    assert answer.status == 200, answer
    return [json.loads(data) for data in re.findall(r"^data: (.*)$", answer.text, re.MULTILINE)]


def request_of(client: str, past: Past, ticket: str | None = None) -> tuple[str, dict[str, str]]:
    """Return the path and the headers with which the client resumes after the second event."""
    query, headers = RESUMING[client]
    query = query.format(start=quote(past.start, safe=""), last=quote(past.cursors[2], safe=""))
    if ticket:
        query = f"?ticket={ticket}&{query.removeprefix('?')}".rstrip("&")
    return EVENTS + query, {
        name: value.format(start=past.start, last=past.cursors[2]) for name, value in headers.items()
    }


@pytest.mark.parametrize("client", RESUMING)
@on_one_database
def test_a_client_resumes_after_the_last_event_that_it_has_received(ann: Person, past: Past, client: str) -> None:
    path, headers = request_of(client, past)
    assert streamed(ann.sends("GET", path, headers=headers)) == past.events[2:]


@on_one_database
def test_every_client_resumes_with_a_new_ticket_too(chat: Chat, ann: Person, past: Past) -> None:
    for client in RESUMING:
        path, headers = request_of(client, past, ann.posts("/api/chat/events/ticket/").body["ticket"])
        assert streamed(chat.anyone.sends("GET", path, headers=headers)) == past.events[2:], client


@pytest.mark.parametrize(
    ("query", "header"),
    [("?lastEventId=", ""), ("?after=&lastEventId=", ""), ("?lastEventId=&lastEventId=", ""), ("", "")],
)
def test_an_empty_cursor_is_none(ann: Person, past: Past, query: str, header: str) -> None:
    assert streamed(ann.sends("GET", EVENTS + query, headers={"Last-Event-ID": header})) == []


def test_an_empty_cursor_does_not_hide_another(ann: Person, past: Past) -> None:
    for query, header in (
        (f"?after={past.cursors[2]}&lastEventId=", ""),
        (f"?lastEventId={past.cursors[2]}&lastEventId=", ""),
        ("?lastEventId=", past.cursors[2]),
    ):
        assert streamed(ann.sends("GET", EVENTS + query, headers={"Last-Event-ID": header})) == past.events[2:]


def test_the_newest_cursor_counts_wherever_it_is(ann: Person, past: Past) -> None:
    for places in ((1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)):
        header, parameter, after = (past.cursors[place] for place in places)
        answer = ann.sends("GET", f"{EVENTS}?after={after}&lastEventId={parameter}", headers={"Last-Event-ID": header})
        assert streamed(answer) == [], places


def test_the_header_counts_if_the_url_holds_a_cursor_of_an_earlier_log(chat: Chat, ann: Person, past: Past) -> None:
    """As after a restored backup: the client has reloaded, and its wrapper repeats its first URL."""
    cursors = chat.app.extensions["minichat"].cursors
    for other in (-1, 1):
        epoch, *rest = cursors.decode(past.start, "after")
        earlier = cursors.encode((epoch + other, *(number + 1_000 for number in rest)))
        answer = ann.sends("GET", f"{EVENTS}?after={earlier}", headers={"Last-Event-ID": past.cursors[2]})
        assert streamed(answer) == past.events[2:]


def test_every_forged_cursor_of_a_request_is_named(ann: Person, past: Past) -> None:
    forged = "1.aaaaaaaaaaaa"
    answer = ann.sends("GET", f"{EVENTS}?after={forged}&lastEventId={past.start}", headers={"Last-Event-ID": forged})
    assert (answer.status, answer.code) == (400, "invalid_cursor")
    assert sorted(answer.errors) == ["Last-Event-ID", "after"]
    answer = ann.gets(EVENTS, lastEventId=forged)
    assert (answer.code, list(answer.errors)) == ("invalid_cursor", ["lastEventId"])


def test_a_mistyped_parameter_of_a_stream_is_still_refused(ann: Person) -> None:
    for name in ("aftr", "lastEvent", "evs", "paddings", "cursor"):
        answer = ann.gets(EVENTS, **{name: "x"})
        assert (answer.status, list(answer.errors)) == (400, [name])


def test_only_streams_take_the_parameters_of_polyfills(ann: Person, past: Past) -> None:
    for path in ("/api/chat/sync/", "/api/chat/rooms/"):
        assert list(ann.gets(path, lastEventId=past.start).errors) == ["lastEventId"]
        assert list(ann.gets(path, padding="true").errors) == ["padding"]


def test_no_proxy_may_compress_or_buffer_a_stream(ann: Person, past: Past) -> None:
    for method in ("GET", "HEAD"):
        answer = ann.sends(method, EVENTS)
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in answer.headers
        assert "Content-Length" not in answer.headers


@on_one_database
def test_a_stream_begins_with_a_random_time_to_wait_before_reconnecting(ann: Person) -> None:
    """The clients of a restarted server must not all return at once."""
    found = [re.match(r"retry: (\d+)\n(?!\n)", ann.gets(EVENTS).text) for _ in range(20)]
    waits = {int(match[1]) for match in found if match}
    assert None not in found
    assert len(waits) > 1
    assert all(1_500 <= wait <= 3_000 for wait in waits)


@on_one_database
def test_no_client_finds_an_end_of_line_in_a_message(ann: Person, past: Past) -> None:
    """httpx-sse 0.4.0 and sseclient split a stream where Python's `str.splitlines` does, which knows many ends."""
    ends = [end for end in map(chr, range(0x80, 0xD800)) if len(f"a{end}b".splitlines()) > 1 and end != "\x85"]
    assert ends == ["\u2028", "\u2029"]
    said = f"a line{ends[0]}and a paragraph{ends[1]} are no ends, nor is \\u2028"
    sent = ann.says(said, in_=ann.makes_room())
    answer = ann.gets(EVENTS, after=past.cursors[-1])
    assert sent["content"] == streamed(answer)[-1]["data"]["content"] == said
    assert answer.text.splitlines() == answer.text.removesuffix("\n").split("\n")
