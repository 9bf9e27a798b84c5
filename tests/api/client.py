"""A chat over HTTP, in the language of its users:

    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    ann.says("hello", in_=room)
    assert bob.gets(f"/api/chat/rooms/{room['id']}/").body["unread_count"] == 1

The client compares every answer with the OpenAPI document. It fails if an answer shows an e-mail address of another
user, or a password hash.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from api.document import Document
from api.registrations import Registrations
from minichat.adapters.memory import MemoryClock
from minichat.adapters.peewee import ChatDatabase
from minichat.api.context import context_of
from minichat.domain.model import LinkPurpose

Json = dict[str, Any]

PASSWORD = "correct horse battery"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
"""A PNG of one red pixel."""
BASE = "http://localhost"
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
"""The headers of a WebSocket handshake."""
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@private\.example")  # the look-behind makes long texts fast to search
_STATEMENTS: dict[type[ChatDatabase], dict[str, str]] = {}
"""For each kind of database, the statement that reads each table."""


class RequestCounter(Protocol):
    """A counter of requests in which one request can stand for many."""

    weight: int


class Answer:
    """The answer to a request."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.get_data().decode(errors="replace")
        self.raw = response.get_data()
        self.body: Any = response.json if response.is_json and self.text else None

    @property
    def code(self) -> str:
        """The code of the problem."""
        code: str = self.body["code"]
        return code

    @property
    def errors(self) -> dict[str, list[str]]:
        """The sentences about wrong fields, by field."""
        errors: dict[str, list[str]] = self.body.get("errors", {})
        return errors

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400

    def link(self, rel: str) -> str | None:
        """The complete URL of a neighbouring page, or None."""
        links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', self.headers.get("Link", "")))
        return {value: key for key, value in links.items()}.get(rel)

    def __repr__(self) -> str:
        return f"<{self.status} {self.text[:500]}>"


class Chat:
    """An app with an empty database and its users. The clock stands still until the test advances it."""

    def __init__(
        self,
        app: Flask,
        database: ChatDatabase,
        clock: MemoryClock,
        document: Document,
        again: "Callable[[], Chat]",
        counter: RequestCounter | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        self._app = app
        self._database = database
        self.clock = clock
        self.document = document
        self.again = again
        """Return a new chat of the same app, with an empty database."""
        self._counter = counter
        self._registrations = registrations
        self._registered: tuple[object, ...] | None = ()
        """All that has happened, as long as these are registrations alone; else None."""
        self.requests = 0
        """The number of requests."""
        self.emails: set[str] = set()
        self.anyone = Visitor(self)
        self._client = app.test_client(use_cookies=False)

    def person(self, username: str, *, password: str = PASSWORD, **fields: str) -> "Person":
        """Register a user."""
        # `request` finds addresses in answers by this domain.
        self.emails.add(fields.setdefault("email", f"person{len(self.emails)}@private.example"))

        def register() -> Json:
            answer = self.anyone.posts("/api/auth/register/", username=username, password=password, **fields)
            assert answer.status == 201, answer
            return dict(answer.body)

        if self._registrations is None or self._registered is None or password != PASSWORD:
            made = register()
        else:
            registered = (*self._registered, self.clock.now, username, *fields.items())
            made = self._registrations.make(registered, register)
            self._registered = registered
        return Person(self, made["user"], made["tokens"], password)

    @property
    def app(self) -> Flask:
        self._registered = None
        return self._app

    @property
    def database(self) -> ChatDatabase:
        self._registered = None
        return self._database

    def people(self, *usernames: str) -> "list[Person]":
        return [self.person(username) for username in usernames]

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        may_show: Iterable[str] = (),
        **kwargs: Any,
    ) -> Answer:
        """Send a request and return its answer. Fail if it shows an e-mail address that is not in `may_show`."""
        self.requests += 1
        self._registered = None
        # Split here, so that werkzeug's client sends the path unchanged.
        target, _, query = path.partition("?")
        response = self._client.open(
            target,
            query_string=query,
            method=method,
            headers=dict(headers or {}),
            base_url=BASE,
            buffered=True,
            **kwargs,
        )
        self.document.check(method, target, response)
        text = response.get_data(as_text=True) if response.is_json else ""
        assert set(_ADDRESS.findall(text)) <= set(may_show), f"{method} {path} shows the e-mail address of another"
        assert not re.search("argon2|plain:", text), f"{method} {path} shows a hash"
        return Answer(response)

    def often(self, number: int, method: str, path: str, **kwargs: Any) -> None:
        """Send one request that counts as `number` requests towards the limits. Ignore its answer."""
        assert self._counter is not None
        self._registered = None
        self._counter.weight = number
        try:
            self._client.open(path, method=method, base_url=BASE, **kwargs)
        finally:
            self._counter.weight = 1

    def dump(self, *, without: Iterable[str] = ("session", "refresh_token")) -> dict[str, list[tuple[object, ...]]]:
        """Return all rows by table, without the tables and columns that every request changes."""
        found = {}
        for table, statement in self._everything.items():
            if table not in without:
                found[table] = sorted(map(tuple, self.database.execute_sql(statement).fetchall()), key=repr)
        return found

    @property
    def _everything(self) -> dict[str, str]:
        """The statement that reads each table. Listing the tables takes long, so each kind of database does it once."""
        kind = type(self.database)
        if kind not in _STATEMENTS:
            names = {name for name in self.database.get_tables() if not name.startswith("sqlite_")}
            # The index of words can't be read, but the tables that it consists of can.
            _STATEMENTS[kind] = {name: self._reading(name) for name in names - {"schema_migration", "message_word"}}
        return _STATEMENTS[kind]

    def _reading(self, table: str) -> str:
        columns = [f'"{column.name}"' for column in self.database.get_columns(table) if column.name != "last_seen_at"]
        return f'SELECT {", ".join(columns)} FROM "{table}"'

    def sql(self, statement: str, *values: object) -> Any:
        """Run a statement with a `?` for each value, directly on the database. Return its cursor."""
        return self.database.execute_sql(statement.replace("?", self.database.param), values)


class Visitor:
    """A visitor without an account; each method sends one request."""

    token: str | None = None
    email = ""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    def gets(self, path: str, **query: object) -> Answer:
        words = {name.rstrip("_"): _word(value) for name, value in query.items() if value is not None}
        return self.sends("GET", f"{path}?{urlencode(words)}" if words else path)

    def posts(self, path: str, **fields: object) -> Answer:
        return self.sends("POST", path, json=fields)

    def puts(self, path: str, **fields: object) -> Answer:
        return self.sends("PUT", path, json=fields)

    def patches(self, path: str, **fields: object) -> Answer:
        return self.sends("PATCH", path, json=fields)

    def deletes(self, path: str) -> Answer:
        return self.sends("DELETE", path)

    def sends(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Answer:
        """Send a request of any form."""
        headers = dict(headers or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        # These two show the account that logs in. The name may be in another form, so any user's address is accepted.
        shows_an_account = path.startswith(("/api/auth/login/", "/api/auth/register/"))
        own = self.chat.emails if shows_an_account else {self.email}
        return self.chat.request(method, path, headers=headers, may_show=own, **kwargs)

    def follows(self, url: str) -> Answer:
        """Get a page by the complete URL of a `Link` header."""
        assert url.startswith(BASE), url
        return self.sends("GET", url.removeprefix(BASE))


class Person(Visitor):
    """A logged-in user."""

    def __init__(self, chat: Chat, user: Json, tokens: Json, password: str = PASSWORD) -> None:
        super().__init__(chat)
        self.user = user
        self.id: int = user["id"]
        self.username: str = user["username"]
        self.email = user["email"]
        self.password = password
        self.token: str = tokens["access"]
        self.refresh: str = tokens["refresh"]

    def logs_in(self) -> "Person":
        """Open another session, as on another device. Return the same person with its tokens."""
        answer = self.chat.anyone.posts("/api/auth/login/", username=self.username, password=self.password)
        assert answer.status == 200, answer
        return Person(self.chat, answer.body["user"], answer.body["tokens"], self.password)

    def refreshes(self, token: str | None = None) -> Answer:
        """Exchange the refresh token, or the given one, and use the new pair from then on."""
        answer = self.chat.anyone.posts("/api/auth/token/refresh/", refresh=token or self.refresh)
        if answer.status == 200:
            self.token, self.refresh = answer.body["access"], answer.body["refresh"]
        return answer

    @property
    def session_id(self) -> int:
        """The id of the session in use, as the access token names it."""
        payload = self.token.split(".")[1]
        return int(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"])

    @property
    def is_logged_in(self) -> bool:
        return self.gets("/api/auth/me/").status == 200

    def uploads(self, file: bytes = PICTURE, filename: str = "me.png", kind: str = "image/png") -> Answer:
        """Upload an avatar."""
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: {kind}'
        form = f"--xyz\r\n{head}\r\n\r\n".encode() + file + b"\r\n--xyz--\r\n"
        form_type = "multipart/form-data; boundary=xyz"
        return self.sends("PUT", "/api/auth/profile/avatar/", data=form, content_type=form_type)

    def shows_a_picture(self) -> str:
        """Upload an avatar and return the random part of its URL."""
        answer = self.uploads()
        assert answer.status == 200, answer
        return str(answer.body["avatar"]).rpartition("/")[2].removesuffix(".webp")

    def makes_room(
        self, name: str = "Room", *, private: bool = False, with_: "Iterable[Person]" = (), **fields: object
    ) -> Json:
        participants = [person.id for person in with_]
        answer = self.posts("/api/chat/rooms/", name=name, is_private=private, participants=participants, **fields)
        assert answer.status == 201, answer
        return dict(answer.body)

    def invites(self, room: Json, **fields: object) -> Json:
        """Create an invitation to a room."""
        answer = self.posts(f"/api/chat/rooms/{room['id']}/invites/", **fields)
        assert answer.status == 201, answer
        return dict(answer.body)

    def invitation_to(self, room: Json) -> Json:
        """Create an invitation to a room and links to the account; return their places in the table of routes."""
        created = self.invites(room)
        services = context_of(self.chat.app).services
        with services.recovery.transaction(account=self.id):
            user = services.directory.get(None, self.id)
            links = [services.account_links.make(user, purpose) for purpose in LinkPurpose]
        reset, verification = map(services.account_links.token_of, links)
        return {
            "invite": created["id"],
            "token": created["token"],
            "reset": reset,
            "verification": verification,
        }

    def chats_with(self, other: "Person") -> Json:
        """Open the direct chat with another person."""
        answer = self.posts("/api/chat/create-direct-chat/", user_id=other.id)
        assert answer.status in {200, 201}, answer
        return dict(answer.body["room"])

    def says(self, content: str, *, in_: Json, **fields: object) -> Json:
        answer = self.posts("/api/chat/messages/", room=in_["id"], content=content, **fields)
        assert answer.status == 201, answer
        return dict(answer.body)

    def joins(self, room: Json) -> Answer:
        return self.posts(f"/api/chat/rooms/{room['id']}/join/")

    def leaves(self, room: Json) -> Answer:
        return self.posts(f"/api/chat/rooms/{room['id']}/leave/")

    def looks_at(self, room: Json) -> Json:
        answer = self.gets(f"/api/chat/rooms/{room['id']}/")
        assert answer.status == 200, answer
        return dict(answer.body)

    def history(self, room: Json, **query: object) -> Answer:
        return self.gets(f"/api/chat/rooms/{room['id']}/history/", **query)

    def reads(self, room: Json, *, up_to: int) -> Answer:
        return self.posts(f"/api/chat/rooms/{room['id']}/read/", seq=up_to)


def contents(answer: Answer) -> list[str]:
    """Return the contents of the messages in an answer."""
    messages = answer.body["messages"] if isinstance(answer.body, dict) else answer.body
    return [message["content"] for message in messages]


def _word(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
