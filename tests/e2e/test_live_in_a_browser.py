"""Live updates in a real browser by `EventSource`, `WebSocket` and `fetch`.

The pages come from the origin of a front end in development, which the default settings allow.
"""

import os
import signal
from contextlib import ExitStack
from typing import Any

import pytest

from e2e.browsers import empty_pages
from servers import serving

OURS = ("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def pages():
    """The port of a page that may call the API: 3000, unless it is taken."""
    with ExitStack() as stack:
        try:
            port = stack.enter_context(empty_pages(3000))
        except OSError:
            port = stack.enter_context(empty_pages())
        yield port


@pytest.fixture(scope="module")
def other_pages():
    """The port of a page that may not."""
    with empty_pages() as port:
        yield port


@pytest.fixture(scope="module")
def server(tmp_path_factory, pages):
    origins: dict[str, Any] = (
        {} if pages == 3000 else {"cors_origins": ",".join(f"http://{host}:{pages}" for host in OURS)}
    )
    folder = tmp_path_factory.mktemp("live-in-a-browser")
    with serving(folder, "--workers", "2", rate_limits="off", **origins) as server:
        yield server


@pytest.fixture(params=OURS)
def page(load, pages, request):
    return load(f"http://{request.param}:{pages}/")


on_one_origin = pytest.mark.parametrize("page", ["localhost"], indirect=True)
"""Marks a test of an open stream, for which the origin does not matter any more."""


@pytest.fixture
def other_page(load, other_pages):
    return load(f"http://127.0.0.1:{other_pages}/")


# Each opens a stream as `window.stream`. `heard` collects its events, `fate` its changes of state. The promise is
# fulfilled when the stream has opened, and rejected when the stream is refused.
BEGIN = "async ([base, room, token, query]) => { window.heard = []; window.fate = [];"
WAYS = {
    "EventSource": BEGIN
    + """
  const {ticket} = await (await fetch(`${base}/api/chat/events/ticket/`, {
    method: "POST", headers: {Authorization: `Bearer ${token}`},
  })).json();
  window.stream = new EventSource(`${base}/api/chat/events/?ticket=${ticket}${query}`);
  stream.addEventListener("message.created", ({data, lastEventId}) => heard.push([JSON.parse(data), lastEventId]));
  await new Promise((resolve) => {
    stream.onopen = () => { fate.push("open"); resolve(); };
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) fate.push("closed"); resolve(); };
  });
}""",
    "WebSocket": BEGIN
    + """
  const {ticket} = await (await fetch(`${base}/api/chat/events/ticket/`, {
    method: "POST", headers: {Authorization: `Bearer ${token}`},
  })).json();
  window.stream = new WebSocket(`${base.replace("http", "ws")}/ws/chat/${room}/?ticket=${ticket}${query}`);
  stream.onmessage = ({data}) => {
    const event = JSON.parse(data);
    if (event.type === "message.created") heard.push([event, event.id]);
  };
  await new Promise((resolve) => {
    stream.onopen = () => { fate.push("open"); resolve(); };
    stream.onclose = () => { fate.push("closed"); resolve(); };
  });
}""",
    "fetch": BEGIN
    + """
  const {after} = Object.fromEntries(new URLSearchParams(query));
  const headers = {Authorization: `Bearer ${token}`, ...(after && {"Last-Event-ID": after})};
  const answer = await fetch(`${base}/api/chat/events/`, {headers});
  fate.push(answer.status === 200 ? "open" : "closed");
  (async () => {
    let text = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      const events = (text + piece).split("\\n\\n");
      text = events.pop();
      for (const event of events) {
        const line = (name) => event.split("\\n").find((line) => line.startsWith(name))?.slice(name.length);
        if (line("event: ") === "message.created") heard.push([JSON.parse(line("data: ")), line("id: ")]);
      }
    }
  })().catch(() => {}).finally(() => fate.push("closed"));
}""",
}


def listens(page, way, person, room, *, after=None):
    query = "" if after is None else f"&after={after}"
    page.evaluate(WAYS[way], [f"http://127.0.0.1:{person.server.port}", room, person.token, query])
    assert page.evaluate("fate") == ["open"]


def hears(page, *contents):
    page.wait_for_function("count => heard.length >= count", arg=len(contents))
    assert page.evaluate("heard.map(([event]) => event.data.content)") == list(contents)
    assert page.evaluate("heard.every(([event, id]) => event.id === id)")


def cut_all_connections(server):
    """Kill the workers, which ends all connections, and wait for new ones."""
    for pid in server.workers:
        os.kill(pid, signal.SIGKILL)
    server.wait_until_it_answers()


@pytest.mark.parametrize("way", WAYS)
def test_a_page_gets_messages_that_others_send_over_http(page, ann, bob, way):
    room = ann.makes_room(bob)
    listens(page, way, bob, room)
    said = [
        f"{number}: Привет 🍲\u2028" for number in range(8)
    ]  # each over a new connection, so that both workers get some
    for content in said:
        assert ann.says(room, content).status == 201
    hears(page, *said)


@on_one_origin
@pytest.mark.parametrize("way", WAYS)
def test_a_page_resumes_where_it_was_cut_off(page, server, ann, bob, way):
    room = ann.makes_room(bob)
    listens(page, way, bob, room)
    ann.says(room, "before")
    hears(page, "before")
    last = page.evaluate("heard[0][1]")
    cut_all_connections(server)
    page.wait_for_function("fate.includes('closed')")
    ann.says(room, "meanwhile")
    listens(page, way, bob, room, after=last)
    ann.says(room, "after")
    hears(page, "meanwhile", "after")


@on_one_origin
def test_an_automatic_reconnect_of_event_source_fails_because_its_ticket_is_used(page, server, ann, bob):
    """A page must close the EventSource and open a new one, because EventSource gives up without a reason."""
    room = ann.makes_room(bob)
    listens(page, "EventSource", bob, room)
    with page.expect_response(lambda answer: "/api/chat/events/?ticket=" in answer.url) as found:
        cut_all_connections(server)
    assert found.value.status == 401
    page.wait_for_function("stream.readyState === EventSource.CLOSED")


@on_one_origin
def test_a_page_sends_messages_over_a_socket(page, ann, bob):
    room = ann.makes_room(bob)
    listens(page, "WebSocket", bob, room)
    page.evaluate("stream.send(JSON.stringify({type: 'message', content: 'hello', client_id: 'a1'}))")
    hears(page, "hello")
    assert [message["content"] for message in ann.history(room)] == ["hello"]


CLOSING = """() => {
  window.closing = new Promise((resolve) => (stream.onclose = ({code, reason}) => resolve([code, reason])));
}"""


@on_one_origin
def test_a_page_gets_the_close_code_and_reason_of_a_socket(page, ann, bob):
    room = ann.makes_room(bob)
    for act, told in (
        (lambda: page.evaluate("stream.send('x'.repeat(65537))"), [1009, "frame_too_large"]),
        (lambda: bob.call("POST", f"/api/chat/rooms/{room}/leave/"), [4403, "not_a_participant"]),
        (lambda: bob.call("POST", "/api/auth/logout/"), [4401, "session_ended"]),
    ):
        bob.call("POST", f"/api/chat/rooms/{room}/join/")
        listens(page, "WebSocket", bob, room)
        page.evaluate(CLOSING)
        act()
        assert page.evaluate("closing") == told


def test_a_page_of_another_origin_gets_no_ticket_and_no_stream_by_fetch(other_page, bob):
    for way in ("EventSource", "fetch"):
        outcome = other_page.evaluate(
            f"async (asked) => {{ try {{ await ({WAYS[way]})(asked); }} catch (error) {{ return error.name; }} }}",
            [f"http://127.0.0.1:{bob.server.port}", 0, bob.token, ""],
        )
        assert outcome == "TypeError"
        assert other_page.evaluate("[heard, fate]") == [[], []]


OUTCOME = """([kind, url]) => new Promise((resolve) => {
  const stream = kind === "WebSocket" ? new WebSocket(`ws://${url}`) : new EventSource(`http://${url}`);
  for (const type of ["open", "message", "message.created", "error"]) {
    stream.addEventListener(type, () => resolve([type, stream.readyState === stream.CLOSED]));
  }
})"""


@pytest.mark.parametrize("kind", ["EventSource", "WebSocket"])
def test_a_page_of_another_origin_gets_no_events_even_with_a_ticket(page, other_page, ann, bob, kind):
    room = ann.makes_room(bob)
    place = bob.get("/api/chat/sync/")["cursor"]
    ann.says(room, "among us")
    path = f"ws/chat/{room}/" if kind == "WebSocket" else "api/chat/events/"
    for where, outcome in ((other_page, ["error", True]), (page, ["open", False])):
        ticket = bob.call("POST", "/api/chat/events/ticket/").json["ticket"]
        url = f"127.0.0.1:{bob.server.port}/{path}?ticket={ticket}&after={place}"
        assert where.evaluate(OUTCOME, [kind, url]) == outcome
