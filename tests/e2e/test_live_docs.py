"""The programs of docs/live.md, unchanged, against a real server: a copy is a working client."""

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from urllib.parse import quote

import pytest

from commands import run_minichat
from e2e.browsers import empty_pages
from e2e.crowd import PASSWORD, register, wait_until
from minichat.domain.model import ChangeKind
from scale import scaled
from servers import PATIENCE, child, environment, serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "live.md"
UNSTORED = {"typing", "presence", "resync"}
BREAKS = scaled(1, 10)
WAYS = ("byFetch", "byEventSource", "bySocket", "byPolling")


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def elsewhere():
    with empty_pages() as port:
        yield port


@pytest.fixture(scope="module")
def server(tmp_path_factory, elsewhere):
    folder = tmp_path_factory.mktemp("live-docs")
    origin = f"http://localhost:{elsewhere}"
    with serving(folder, rate_limits="off", cors_origins=origin, changes_ttl="1") as server:
        yield server


def cut_all_connections(server):
    """Kill the workers, which ends all connections, and wait for new ones."""
    for pid in server.workers:
        os.kill(pid, signal.SIGKILL)
    server.wait_until_it_answers()


def test_the_table_lists_exactly_the_existing_events():
    events = PAGE.read_text().split("\n## Events\n", 1)[1].split("\n## ", 1)[0]
    listed = re.findall(r"^\| `([a-z.]+)` \|", events, re.MULTILINE)
    assert sorted(listed) == sorted(UNSTORED | {kind.value for kind in ChangeKind} - {ChangeKind.UNKNOWN.value})
    (listened_to,) = re.findall(r"^const TYPES = \[\n(.*?)^\];$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert re.findall(r'"([a-z.]+)"', listened_to) == listed


# In Python


@contextmanager
def python_client(server, person, tmp_path):
    """Run the page's Python client for a user; yield its output line by line, None at its end."""
    (program,) = fenced("python")
    chat = {"CHAT": f"http://127.0.0.1:{server.port}", "CHAT_USER": person.username, "CHAT_PASSWORD": PASSWORD}
    command = [sys.executable, "-c", program]
    with child(
        command,
        tmp_path,
        env={**environment(), **chat},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as client:
        lines: Queue[str | None] = Queue()

        def read():
            assert client.stdout is not None
            for line in client.stdout:
                lines.put(line.rstrip("\n"))
            lines.put(None)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield client, lines
        finally:
            client.kill()
            reader.join()


def end_sessions(person):
    """End every session of the person but this one."""
    assert person.call("DELETE", "/api/auth/sessions/").status == 204


def test_the_python_client_survives_a_break_and_ends_with_its_session(server, ann, bob, tmp_path):
    room = ann.makes_room(bob)
    with python_client(server, bob, tmp_path) as (client, lines):
        assert lines.get(timeout=PATIENCE) == "You are in 1 rooms."
        said = ["hello", "a line\u2028and a paragraph\u2029 are no end", "Привет 🍲"]
        for content in said:
            ann.says(room, content)
        assert [lines.get(timeout=PATIENCE) for _ in said] == [f"{ann.username}: {content}" for content in said]
        breaks = [f"{number}" for number in range(BREAKS)]
        for content in breaks:
            cut_all_connections(server)
            ann.says(room, content)
        assert [lines.get(timeout=PATIENCE) for _ in breaks] == [f"{ann.username}: {content}" for content in breaks]
        end_sessions(bob)
        assert lines.get(timeout=PATIENCE) == "The session has ended."
        assert lines.get(timeout=PATIENCE) is None
        assert (client.wait(PATIENCE), client.stderr.read()) == (0, "")


# In JavaScript

WATCH = """() => {
  window.heard = [];
  window.loaded = 0;
  window.ends = [];
  const {apply, load} = View.prototype;
  const follows = follow;
  window.follow = (...asked) => (window.following = follows(...asked));
  View.prototype.apply = async function (event) {
    await apply.call(this, event);
    heard.push(event);
  };
  View.prototype.load = async function () {
    await load.call(this);
    loaded += 1;
  };
}"""
SHOW = """([base, tokens, me, way]) => {
  window.outbox = new Outbox();
  window.chat = new Chat(base, tokens);
  const ways = {byFetch, byEventSource, byPolling, bySocket: bySocket(outbox)};
  window.shown = show(chat, me, ways[way], (error) => ends.push(`${error.constructor.name}: ${error.message}`));
}"""
CONTENTS = "heard.filter(({type}) => type === 'message.created').map(({data}) => data.content)"


class Client:
    """A page that runs the JavaScript of docs/live.md for a user."""

    def __init__(self, page, person):
        self.page = page
        self.person = person
        page.add_script_tag(content="\n".join(fenced("js")))
        page.evaluate(WATCH)

    def shows(self, way):
        """Show the chat by this transport; return when it follows."""
        tokens = {"access": self.person.token, "refresh": self.person.refresh}
        base = f"http://127.0.0.1:{self.person.server.port}"
        self.page.evaluate(SHOW, [base, tokens, self.person.id, way])
        self.waits_for("loaded === 1")

    def waits_for(self, condition):
        self.page.wait_for_function(condition)

    def hears(self, *contents):
        """Fail unless it received exactly these messages, each once."""
        self.waits_for(f"{CONTENTS}.length >= {len(contents)}")
        assert self.page.evaluate(CONTENTS) == list(contents)

    def ends(self, how):
        self.waits_for("ends.length")
        assert self.page.evaluate("ends") == [how]


@pytest.fixture
def client(load, elsewhere, bob):
    return Client(load(f"http://localhost:{elsewhere}/"), bob)


@pytest.mark.parametrize("way", WAYS)
def test_each_transport_survives_breaks_and_ends_with_its_session(server, ann, bob, client, way):
    room = ann.makes_room(bob)
    client.shows(way)
    ann.says(room, "hello")
    client.hears("hello")
    said = ["hello", *map(str, range(BREAKS))]
    for content in said[1:]:
        cut_all_connections(server)
        assert ann.says(room, content).status == 201
    client.hears(*said)
    assert client.page.evaluate("loaded") == 1
    shown = client.page.evaluate("room => [...shown.view.rooms.get(room).messages.values()]", room)
    assert [message["content"] for message in shown] == said
    bob.call("POST", "/api/auth/logout/")
    client.ends("Ended: The session has ended: log in again.")


@pytest.mark.parametrize("way", WAYS)
def test_each_transport_refreshes_a_refused_token_and_stops_on_request(ann, bob, client, way):
    room = ann.makes_room(bob)
    bob.token = "expired"
    client.shows(way)
    ann.says(room, "hello")
    client.hears("hello")
    client.page.evaluate("async () => { shown.stop(); await following; }")
    assert client.page.evaluate("ends") == []


@pytest.mark.parametrize("way", WAYS)
def test_each_transport_reloads_when_its_cursor_is_older_than_the_log(server, ann, bob, client, way):
    room = ann.makes_room(bob)
    old = bob.get("/api/chat/sync/")["cursor"]
    ann.says(room, "forgotten")

    def is_gone():
        assert run_minichat(server.log.parent, "prune", changes_ttl="1").returncode == 0
        return bob.call("GET", f"/api/chat/sync/?after={old}").status == 410

    wait_until(is_gone, "the end of what the log keeps")
    # As after a week of sleep: the first connection resumes from the old cursor.
    client.page.evaluate(
        """old => {
          const follows = follow;
          window.follow = (chat, way, follower) => {
            let cursor = old;
            const late = (chat, from) => {
              const begun = way(chat, {...from, cursor: cursor ?? from.cursor});
              cursor = null;
              return begun;
            };
            return follows(chat, late, follower);
          };
        }""",
        old,
    )
    client.shows(way)
    client.waits_for("loaded === 2")
    ann.says(room, "hello")
    client.hears("hello")


def test_a_message_sent_over_a_socket_is_stored_once_despite_breaks(server, ann, bob, client):
    room = ann.makes_room(bob)
    client.shows("bySocket")
    sent = client.page.evaluate("room => outbox.say(room, 'hello')", room)
    assert (sent["content"], sent["room"], sent["user"]["id"]) == ("hello", room, bob.id)
    said = ["hello"]
    for round_ in range(BREAKS):
        contents = [f"{round_}.{number}" for number in range(5)]
        saying = "([room, contents]) => { window.saying = Promise.all(contents.map((c) => outbox.say(room, c))) }"
        client.page.evaluate(saying, [room, contents])
        cut_all_connections(server)
        client.page.evaluate("saying")
        said += contents
    assert sorted(message["content"] for message in ann.history(room)) == sorted(said)
    client.waits_for(f"{CONTENTS}.length >= {len(said)}")
    assert client.page.evaluate(CONTENTS) == [message["content"] for message in ann.history(room)]


def test_a_refused_message_on_a_socket_is_reported_and_the_socket_stays_open(ann, bob, client):
    room = ann.makes_room(bob)
    client.shows("bySocket")
    problem = client.page.evaluate("room => outbox.say(room, ' ').catch((problem) => problem)", room)
    assert (problem["status"], problem["room"], list(problem["errors"])) == (400, room, ["content"])
    assert client.page.evaluate("room => outbox.say(room, 'hello')", room)["content"] == "hello"


ROOMS = """(view) => [...view.rooms.values()].sort((a, b) => a.id - b.id).map((room) => ({
  ...room, typing: undefined, messages: [...room.messages.values()].sort((a, b) => a.seq - b.seq),
}))"""


def test_events_applied_twice_give_the_same_view_as_a_fresh_load(ann, bob, client):
    """A client gets the events between its first connection and its load twice."""
    (cid,) = register(ann.server, f"cid{ann.username}")
    room, closed, left = (ann.makes_room(bob) for _ in range(3))
    client.shows("byPolling")
    client.page.evaluate("async () => { shown.stop(); await following; }")
    place = bob.get("/api/chat/sync/")["cursor"]
    path = f"/api/chat/rooms/{room}/"
    first, second, _ = (ann.says(room, content).json["id"] for content in ("one", "two", "three"))
    ann.call("PATCH", f"/api/chat/messages/{first}/", {"content": "won"})
    ann.call("DELETE", f"/api/chat/messages/{second}/")
    for person, method in ((ann, "PUT"), (bob, "PUT"), (bob, "DELETE"), (bob, "PUT"), (ann, "DELETE")):
        for emoji in ("👍", "❤"):
            assert person.call(method, f"/api/chat/messages/{first}/reactions/{quote(emoji)}/").status == 200
    for method in ("PUT", "DELETE", "PUT"):
        assert ann.call(method, f"/api/chat/messages/{first}/pin/").status == 200
    bob.says(room, "mine")
    bob.says(room, "mine, too")
    ann.call("POST", f"{path}participants/", {"user_id": cid.id})
    ann.call("PATCH", f"{path}participants/{cid.id}/", {"role": "moderator"})
    last = cid.says(room, "hello").json["id"]
    assert bob.call("PUT", f"/api/chat/messages/{last}/reactions/{quote('👍')}/").status == 200
    for method in ("POST", "DELETE", "POST"):
        assert bob.call(method, f"/api/chat/users/{cid.id}/block/").status == 204
    ann.call("PATCH", path, {"name": "Galley"})
    bob.call("POST", f"{path}read/", {"seq": 6})
    cid.call("POST", f"{path}leave/")
    ann.call("DELETE", f"/api/chat/rooms/{closed}/")
    bob.call("POST", f"/api/chat/rooms/{left}/leave/")
    ann.makes_room(bob)
    told = bob.get(f"/api/chat/sync/?after={place}&limit=200")
    assert told["has_more"] is False
    # No route changes the settings of a room for one user yet.
    assert {event["type"] for event in told["events"]} == set(ChangeKind) - {ChangeKind.ROOM_NOTIFY, ChangeKind.UNKNOWN}
    once, twice, fresh = client.page.evaluate(
        f"""async ([events, room]) => {{
          const seen = {ROOMS};
          const apply = async () => {{ for (const event of events) await shown.view.apply(event); }};
          await apply();
          const once = seen(shown.view);
          await apply();
          const fresh = new View(chat, shown.view.me);
          await fresh.load();
          await fresh.open(room);
          return [once, seen(shown.view), seen(fresh)];
        }}""",
        [told["events"], room],
    )
    assert twice == once
    assert once == fresh
    assert [message["content"] for message in once[0]["messages"]] == ["won", "", "three", "mine", "mine, too", "hello"]


@pytest.mark.parametrize("way", ["byFetch", "byEventSource", "bySocket"])
def test_a_typing_notice_is_shown_for_six_seconds_or_until_the_message(ann, bob, client, way):
    room = ann.makes_room(bob)
    client.shows(way)
    ann.says(room, "hello")
    client.hears("hello")
    until = "([room, user]) => shown.view.rooms.get(room).typing.get(user)"
    asked = [room, ann.id]

    def is_shown():  # repeated, since a stream that has just opened may miss one
        assert ann.call("POST", f"/api/chat/rooms/{room}/typing/").status == 204
        return client.page.evaluate(until, asked)

    wait_until(is_shown, "the sight of her typing")
    assert 0 < client.page.evaluate(f"asked => ({until})(asked) - Date.now()", asked) <= 6_000
    ann.says(room, "I was typing")
    client.hears("hello", "I was typing")
    assert client.page.evaluate(until, asked) is None


def test_presence_is_shown_for_each_person_and_unknown_events_are_ignored(ann, bob, client):
    room = ann.makes_room(bob)
    client.shows("byPolling")
    event = {"type": "presence", "data": {"user": ann.id, "is_online": False, "last_seen": None}}
    client.page.evaluate("event => shown.view.apply(event)", event)
    client.page.evaluate("event => shown.view.apply(event)", {"type": "something.new", "data": {}})
    people = client.page.evaluate("room => shown.view.rooms.get(room).participants", room)
    assert {person["username"]: person["is_online"] for person in people} == {ann.username: False, bob.username: True}
    assert all("user" not in person for person in people)
