"""The contents of the log, and the secrets and forged lines that must stay out of it.

tests/e2e/test_watching.py tests the log of a real server.
"""

import errno
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.client import Chat, Person
from api.conftest import on_one_database
from api.routes import ROUTES, Route
from minichat import logs
from minichat.api import arguments, instrumentation

pytestmark = on_one_database

SECRET = "sesame-open-wide"


class Log:
    """The log of this process in the server's format, written to a file instead of standard error."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stream = path.open("w", buffering=1, encoding="utf-8", newline="")
        self._reading = path.open(encoding="utf-8", newline="")
        self._monkeypatch = monkeypatch
        self.configure()

    def configure(self, *, is_terminal: bool = False) -> None:
        self._monkeypatch.setattr(sys, "stderr", self._stream)
        self._monkeypatch.setattr(self._stream, "isatty", lambda: is_terminal)
        logs.configure("debug", instrumentation.log_fields, instrumentation.sent_texts)

    def said(self) -> str:
        """Return the text that was written since the last call."""
        return self._reading.read()

    def __call__(self) -> list[dict[str, Any]]:
        """Return the same as JSON objects, one per line. `splitlines` also splits at Unicode's line breaks."""
        return [json.loads(line) for line in self.said().splitlines()]

    def close(self) -> None:
        self._stream.close()
        self._reading.close()


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    for name in ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    root, ours = logging.getLogger(), logging.getLogger("minichat")
    levels = root.level, ours.level
    log = Log(tmp_path / "log", monkeypatch)
    yield log
    for handler in root.handlers[:]:
        if isinstance(handler, logs.Lines):
            root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.captureWarnings(False)
    log.close()


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann", password=SECRET)


def breaks(message: str) -> Callable[..., None]:
    """Stand in for a function with a bug."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(message)

    return fail


class TestLogLines:
    def test_a_line_holds_the_request_its_user_and_its_outcome(self, chat: Chat, ann: Person, log: Log) -> None:
        log()
        answer = ann.sends("GET", "/api/auth/me/", headers={"X-Request-ID": "abc-1"})
        [line] = log()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
        assert 0 < line.pop("duration_ms") < 5_000
        assert line == {
            "level": "info",
            "logger": "minichat.access",
            "event": "request",
            "request_id": "abc-1",
            "user_id": ann.id,
            "method": "GET",
            "path": "/api/auth/me/",
            "status": 200,
            "bytes": len(answer.raw),
            "ip": "127.0.0.1",
        }

    @pytest.mark.parametrize("number", [errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH])
    def test_a_client_that_vanished_is_no_error_of_gunicorn(self, log: Log, number: int) -> None:
        gunicorn = logging.getLogger("gunicorn.error")
        gunicorn.error("Socket error processing request.", exc_info=OSError(number, "gone"))
        gunicorn.error("Socket error processing request.", exc_info=OSError(errno.EIO, "broken"))
        [line] = log()
        assert "broken" in line["exception"]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nothing", 404), ("DELETE", "/api/auth/me/x", 404), ("TRACE", "/healthz", 405)],
    )
    def test_a_request_to_an_unknown_path_is_logged(
        self, chat: Chat, log: Log, method: str, path: str, status: int
    ) -> None:
        chat.anyone.sends(method, path)
        [line] = log()
        assert (line["status"], line["path"]) == (status, "unknown")

    def test_a_successful_request_is_no_warning(self, chat: Chat, ann: Person, log: Log) -> None:
        for path in ("/api/auth/me/", "/nothing", "/api/chat/rooms/99/"):
            ann.gets(path)
        assert {line["level"] for line in log()} == {"info"}

    def test_lines_of_libraries_and_warnings_are_json_too(self, log: Log) -> None:
        logging.getLogger("peewee").debug(("SELECT password_hash", ["sesame"]))
        logging.getLogger("elsewhere").error("it %s", "broke", extra={"password": "sesame"})
        # Python calls this to show a warning. In the tests, warnings are errors.
        sys.modules["warnings"].showwarning(UserWarning("mind the gap"), UserWarning, "here.py", 7)
        broke, gap = log()
        assert (broke["level"], broke["logger"], broke["event"]) == ("error", "elsewhere", "it broke")
        assert set(broke) == {"time", "level", "logger", "event"}
        assert (gap["level"], gap["logger"]) == ("warning", "py.warnings")
        assert "mind the gap" in gap["event"]

    @pytest.mark.parametrize(
        "odd", ["\ud800", "\u2028", "a\r\nb", "\x85\x0b\x0c", "\U000e0001", "\x1b[31m", "\x00", "\u202e"]
    )
    def test_a_line_holds_any_text_and_ends_once(self, log: Log, odd: str) -> None:
        logging.getLogger("minichat").info("it was %s.", odd)
        [line] = log()
        assert line["event"] == f"it was {odd}."

    def test_a_line_is_never_longer_than_a_pipe_takes_at_once(self, log: Log) -> None:
        for char in ("x", "я", "\u2028", '"', "😀"):
            logging.getLogger("minichat").info("%send", char * 20_000)
            line = log.said()
            assert 3_000 < len(line.encode()) <= 4_096
            assert json.loads(line)["event"].endswith("end")

    def test_a_line_keeps_the_end_of_a_long_traceback(
        self, chat: Chat, ann: Person, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log()
        monkeypatch.setattr(chat.database, "execute_sql", breaks("too bad" + "!" * 300))
        response = chat.app.test_client().get("/api/auth/me/", headers={"Authorization": f"Bearer {ann.token}"})
        assert response.status_code == 500
        bug, access = log()
        assert (bug["level"], bug["event"], bug["path"]) == ("error", "a request failed", "/api/auth/me/")
        assert bug["request_id"] == access["request_id"] == response.headers["X-Request-ID"]
        assert bug["exception"].endswith("RuntimeError: too bad" + "!" * 300)
        assert "in fail\n" in bug["exception"]
        assert access["status"] == 500
        assert "too bad" not in response.text


class TestSecrets:
    def test_secrets_of_no_route_are_logged(self, chat: Chat, log: Log) -> None:
        ann, bob = chat.person("ann", password=SECRET), chat.person("bob", password=SECRET)
        room = ann.makes_room(SECRET, with_=[bob])
        message = ann.says(SECRET, in_=room)
        places = {"room": room["id"], "other": bob.id, "message": message["id"], "refresh": ann.refresh}
        places |= {"session": ann.session_id, "picture": ann.shows_a_picture(), **ann.invitation_to(room)}
        log.said()
        for route in ROUTES:
            for path in (route.path.format(**places), re.sub(r"\{\w+\}", SECRET, route.path)):
                self.ask_badly(ann, route, f"{path}?ticket={SECRET}", places)
        said = log.said()
        assert said.count('"minichat.access"') >= 2 * len(ROUTES)
        assert "sesame" not in said
        assert "eyJ" not in said

    def ask_badly(self, ann: Person, route: Route, path: str, places: dict[str, Any]) -> None:
        headers = {"Cookie": f"a={SECRET}", "User-Agent": SECRET, "Referer": f"http://x/?{SECRET}"}
        body = dict.fromkeys(route.body or {}, SECRET) | {SECRET: SECRET}
        ann.sends(route.method, path, headers=headers, json=body)
        ann.sends(
            route.method,
            path,
            headers=headers,
            data=b'{"password": "' + SECRET.encode(),
            content_type="application/json",
        )
        for authorization in (f"Bearer {SECRET}", f"Basic {SECRET}", SECRET, f"Bearer {ann.token} {SECRET}"):
            named = {**headers, "Authorization": authorization, "X-Request-ID": f"{SECRET} {SECRET}"}
            ann.sends(route.method, path, headers=named)
        ann.sends(route.method, f"/{ann.token}/%0a{SECRET}", headers=headers)

    @pytest.mark.parametrize("where", ["json", "query", "authorization", "cookie"])
    def test_secrets_in_the_message_of_a_bug_are_removed(
        self, chat: Chat, ann: Person, log: Log, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        log()
        client = chat.app.test_client(use_cookies=False)
        monkeypatch.setattr(chat.database, "execute_sql", breaks(f"no such thing: {SECRET!r}, token {ann.token}"))
        sent: dict[str, Any] = {
            "json": {"json": {"username": "ann", "password": SECRET}},
            "query": {"json": {"username": "ann", "password": "x"}, "query_string": {"ticket": SECRET}},
            "authorization": {
                "json": {"username": "ann", "password": "x"},
                "headers": {"Authorization": f"Bearer {SECRET}"},
            },
            "cookie": {"json": {"username": "ann", "password": "x"}, "headers": {"Cookie": f"session={SECRET}"}},
        }[where]
        assert client.post("/api/auth/login/", **sent).status_code == 500
        bug = log()[0]
        assert bug["exception"].endswith("RuntimeError: no such thing: '[removed]', token [removed]")

    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=ascii)
    def test_nested_secrets_in_the_message_of_a_bug_are_removed(
        self, chat: Chat, log: Log, monkeypatch: pytest.MonkeyPatch, mark: str
    ) -> None:
        log()
        monkeypatch.setattr(arguments, "_issues", breaks(f"no such thing: {SECRET!r}"))
        body = mark + json.dumps({"username": "ann", "password": {"old": ["x", {"new": SECRET}]}})
        answer = chat.app.test_client().post("/api/auth/login/", data=body, content_type="application/json")
        assert answer.status_code == 500
        assert log()[0]["exception"].endswith("RuntimeError: no such thing: '[removed]'")

    def test_secrets_of_the_administrations_form_are_removed(
        self, chat: Chat, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = chat.app.test_client()
        page = client.get("/admin/sign-in/").text
        hidden = dict(re.findall(r'<input[^>]* name="(\w*csrf\w*)"[^>]* value="([^"]+)"', page))
        assert hidden
        log()
        monkeypatch.setattr(chat.database, "execute_sql", breaks(f"no such thing: {SECRET!r}"))
        answer = client.post("/admin/sign-in/", data={**hidden, "username": "ann", "password": SECRET})
        assert answer.status_code == 500
        assert log()[0]["exception"].endswith("RuntimeError: no such thing: '[removed]'")

    def test_the_warning_about_a_reused_token_holds_no_secret(self, chat: Chat, ann: Person, log: Log) -> None:
        old = ann.refresh
        for _ in range(2):
            new = chat.anyone.posts("/api/auth/token/refresh/", refresh=ann.refresh)
            ann.refresh = new.body["refresh"]
        log()
        assert chat.anyone.posts("/api/auth/token/refresh/", refresh=old).status == 401
        lines = log()
        assert {line["level"] for line in lines} == {"info", "warning"}
        assert "eyJ" not in json.dumps(lines)


class TestForging:
    """A client cannot send text that looks like another log line."""

    FORGED = '\n{"level": "critical", "event": "all is lost"}\n'

    def test_a_client_cannot_forge_a_line(self, chat: Chat, ann: Person, log: Log) -> None:
        log()
        path = "/%0a%7B%22level%22:%22critical%22%7D%0d%e2%80%a8"
        for method in ("GET", "POST"):
            ann.sends(method, path, headers={"X-Request-ID": "a\u2028b", "User-Agent": "x\u2028y"})
            ann.sends(method, f"/api/chat/rooms{path}/")
        lines = log()
        assert len(lines) == 4
        assert {line["level"] for line in lines} == {"info"}

    def test_an_error_that_repeats_input_cannot_forge_a_line(self, log: Log) -> None:
        logging.getLogger("minichat").error("unavailable: %s", self.FORGED)
        [line] = log()
        assert line["level"] == "error"

    def test_a_client_cannot_forge_a_line_on_a_terminal(self, log: Log) -> None:
        log.configure(is_terminal=True)
        logging.getLogger("minichat").info("it was %s\x1b[2J", self.FORGED)
        [line] = log.said().splitlines()
        assert "\x1b[2J" not in line
        assert "it was" in line

    def test_on_a_terminal_a_traceback_keeps_its_lines(self, log: Log) -> None:
        log.configure(is_terminal=True)
        try:
            breaks("\x1b[2J")()
        except RuntimeError:
            logging.getLogger("minichat").exception("it broke")
        said = log.said()
        assert len(said.splitlines()) > 3
        assert "\x1b[2J" not in said
        assert "RuntimeError: \\u001b[2J" in said
