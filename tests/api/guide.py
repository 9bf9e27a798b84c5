"""Writes docs/api.md: the OpenAPI document's description of each call, with a real request and its real answer.

The database is empty at the start and the clock stands still, so the text is the same each time.
"""

import json
import re
from io import BytesIO
from itertools import starmap
from typing import Any

from api.client import PASSWORD, PICTURE, Answer, Chat, Json
from minichat.api.context import context_of
from minichat.domain.model import LinkPurpose

URL = "http://127.0.0.1:8000"
TOKEN = "eyJhbGciOi…"
TICKET = "Jq3vWn8s-2LZ0yJr4bQm5Xt1Kc7Hd9Pf"
INVITE = "9bT4mKx2Qw7-VzRf0LsN8eHc1JdYpA5G"
PICTURE_ID = "nUOdXfVZ2Rk0vQyJc7-m4A"
FORM = [
    "Content-Type: multipart/form-data; boundary=xyz",
    "",
    "--xyz",
    'Content-Disposition: form-data; name="file"; filename="me.png"',
    "",
    "(the bytes of the file)",
    "--xyz--",
]

INTRODUCTION = """\
# The API of minichat, by example

`tests/api/guide.py` writes this page from real requests and answers. After a change of the API, run
`WRITE_DOCS=1 python -m pytest tests/api/test_docs.py`. The complete reference is [openapi.json](openapi.json). A
running minichat serves it at `/api/openapi.json`, and shows it at `/api/`, where you can try each call.

## Everywhere

- **Paths** work with and without the trailing slash, without a redirect.
- **Bodies** are JSON objects in UTF-8 of at most 256 KiB, sent as `Content-Type: application/json`. An unknown field is
  an error. You may send back a field that the server owns (`id`, `created_at`, …); the server ignores it.
- **Authentication**: send `Authorization: Bearer <access>`. `POST /api/auth/login/` returns an access token, valid for
  an hour, and a refresh token, valid for a week and for one exchange at `POST /api/auth/token/refresh/`.
- **Times** are RFC 3339, UTC, with milliseconds. **Ids** are whole numbers from 1 to 2<sup>53</sup>-1.
- **Lists** are arrays of at most `limit` items (1 to 200, 50 by default). The `Link` header holds the URLs of the next
  and the previous page. The last page has no `rel="next"`.
- **Every answer** carries `X-Request-ID`: yours if you sent one, else a new one. Quote it when you report a problem.
"""
ERRORS_HEAD = """\
## Errors

Errors are problem documents (RFC 9457, `application/problem+json`). `code` is for programs and never changes. `detail`
and the sentences in `errors` are for people, in English, or in Russian if `Accept-Language` prefers it. `errors` names
up to 50 fields.
"""
OBJECTS_HEAD = """\
## Objects

These objects are parts of many answers.
"""
OBJECTS = {"User": None, "Person": "User", "Room": None, "Message": None, "ReactionCount": None}
"""The objects of the page, each with the one whose fields it adds to."""
SECTIONS = {
    "auth": "Accounts and sessions",
    "recovery": "Forgotten passwords and e-mail addresses",
    "users": "Profiles, people and presence",
    "rooms": "Rooms and direct chats",
    "moderation": "Roles, removals and bans",
    "invitations": "Invitations to rooms",
    "blocks": "Blocked people",
    "messages": "Messages and history",
    "reactions": "Reactions and pinned messages",
    "notifications": "Unread messages, mentions and notifications",
    "search": "Searching messages",
    "reports": "Reports of messages",
    "sync": "Changes since a cursor",
    "events": "Live updates",
    "sockets": "WebSockets",
    "avatars": "Pictures",
    "info": "About a server",
    "health": "Health",
}
SHOWN_HEADERS = (
    "Link",
    "Content-Disposition",
    "Idempotency-Replayed",
    "Retry-After",
    "WWW-Authenticate",
    "Content-Type",
)
USUAL_TYPES = {"application/json", "application/problem+json"}


class Guide:
    """Makes calls, and collects their requests and answers by route."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._shown: dict[str, list[str]] = {}
        self._problems: list[str] = []

    @property
    def calls(self) -> set[str]:
        return set(self._shown)

    def shows(
        self,
        call: str,
        path: str | None = None,
        *,
        token: str | None = None,
        body: Json | None = None,
        file: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Make a call, such as `GET /api/chat/rooms/{room_id}/`, to `path`. Record the request and the answer."""
        answer, text = self._asks(call.split(maxsplit=1)[0], path or call.split()[1], token, body, headers or {}, file)
        assert answer.status < 400, answer
        self._shown.setdefault(call, []).append(text)
        return answer

    def explains(self, call: str, text: str) -> None:
        """Record a text for a call that has no plain request and answer."""
        self._shown.setdefault(call, []).append(text)

    def fails(
        self, method: str, path: str, *, token: str | None = None, body: Json | None = None, **headers: str
    ) -> None:
        """Make a call that fails, and record it as an example of an error."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer, text = self._asks(method, path, token, body, {**named, "X-Request-ID": "8f4e2c7a91b04d1e"})
        assert answer.status >= 400, answer
        self._problems.append(text)

    def text(self) -> str:
        """Return the whole page."""
        parts = [INTRODUCTION, ERRORS_HEAD, *self._problems, OBJECTS_HEAD, *starmap(self._object, OBJECTS.items())]
        paths = self._chat.document.document["paths"]
        for tag, title in SECTIONS.items():
            parts.append(f"## {title}\n")
            for path, operations in paths.items():
                for method, operation in operations.items():
                    if method != "parameters" and operation["tags"] == [tag]:
                        parts += self._call(f"{method.upper()} {path}", operation)
        return "\n".join(parts)

    def _field(self, name: str, schema: Json, *, needed: bool = False, where: str | None = None) -> str:
        return _field(name, self._with_choices(schema), schema.get("description", ""), needed=needed, where=where)

    def _with_choices(self, schema: Json) -> Json:
        """Return the schema of a field with the enumeration to which it refers."""
        schemas = self._chat.document.document["components"]["schemas"]
        references = schema.get("anyOf", [schema])
        named = schemas[references[0]["$ref"].rpartition("/")[2]] if "$ref" in references[0] else {}
        if "enum" not in named:
            return schema
        rest = {key: value for key, value in schema.items() if key not in {"$ref", "anyOf"}}
        return {**rest, **named, "enum": named["enum"] + [None] * (len(references) - 1)}

    def _object(self, name: str, base: str | None) -> str:
        """Return the description of an object: a line for each field that its base does not have."""
        schemas = self._chat.document.document["components"]["schemas"]
        known = schemas[base]["properties"] if base else {}
        fields = {field: schema for field, schema in schemas[name]["properties"].items() if field not in known}
        lines = [self._field(field, schema) for field, schema in fields.items()]
        start = [f"A [{base}](#{base.lower()}) with these fields:\n"] if base else []
        return "\n".join([f"### {name}\n", *start, *lines, ""])

    def _call(self, call: str, operation: Json) -> list[str]:
        lines = [operation["summary"], ""]
        if "description" in operation:
            lines += [operation["description"].strip(), ""]
        if operation.get("security") == []:
            lines += ["This route needs no token.", ""]
        lines += [*self._fields(operation), ""]
        refusals = ", ".join(
            sorted(code for code in operation["responses"] if code not in {"101", "200", "201", "204", "503"})
        )
        lines += [f"Errors: {refusals}.", ""] if refusals else []
        return [
            f"### `{call}`\n",
            re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n",
            *self._shown.get(call, []),
        ]

    def _fields(self, operation: Json) -> list[str]:
        found = [
            _field(
                place["name"],
                place["schema"],
                place.get("description", ""),
                needed=place["required"],
                where=place["in"],
            )
            for place in operation.get("parameters", [])
        ]
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            reference = content["schema"]["$ref"]
            schema = self._chat.document.document["components"]["schemas"][reference.rpartition("/")[2]]
            needed = schema.get("required", [])
            for name, field in schema["properties"].items():
                found.append(self._field(name, field, needed=name in needed, where="body"))
        return found

    def _asks(
        self,
        method: str,
        path: str,
        token: str | None,
        body: Json | None,
        headers: dict[str, str],
        file: bytes | None = None,
    ) -> tuple[Answer, str]:
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        kwargs: dict[str, Any] = {} if body is None else {"json": body}
        if file is not None:
            kwargs = {"data": {"file": (BytesIO(file), "me.png")}}
        answer = self._chat.anyone.sends(method, path, headers=sent, **kwargs)
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name != "X-Request-ID"]
        lines += [f"Authorization: Bearer {TOKEN}"] if token else []
        lines += ["Content-Type: application/json", "", _json(body)] if body is not None else []
        lines += FORM if file is not None else []
        lines += ["", f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}"]
        for name in SHOWN_HEADERS:
            value = answer.headers.get(name)
            if value is not None and value not in USUAL_TYPES:
                lines.append(f"{name}: {value}")
        if answer.headers.get("Content-Type") == "image/webp":
            lines += ["", "(the bytes of the picture)"]
        elif path.startswith("/api/chat/events/?"):
            first = answer.text.removeprefix(":\n").split("\n\n")[0]
            lines += ["", first, "", "(and so on)"]
        elif path == "/metrics":
            lines += ["", *(line for line in answer.text.splitlines() if "minichat_log_ins" in line), "(and so on)"]
        elif answer.text:
            lines += ["", _json(answer.body) if answer.body is not None else answer.text]
        text = re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", TOKEN, "\n".join(lines))
        text = re.sub(r'(?<=ticket=)[\w-]{32}|(?<="ticket": ")[\w-]{32}', TICKET, text)
        text = re.sub(r'(?:(?<=#invite=)|(?<="token": ")|(?<="invite": "))[\w-]{32}', INVITE, text)
        text = re.sub(r"^retry: \d+$", "retry: 2340", text, flags=re.MULTILINE)
        text = re.sub(r"(?<=/avatars/)[\w-]{22}(?=\.webp)", PICTURE_ID, text)
        return answer, f"```http\n{text}\n```\n"


_PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
}


def _json(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)


def _kind(schema: Json) -> str:
    """Return the type of a field in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    words = {
        "string": {"binary": "file", "date-time": "time"}.get(schema.get("format", ""), "text"),
        "integer": "whole number",
        "boolean": "true or false",
        "array": f"list of {_kind(schema['items'])}" if "$ref" in schema.get("items", {}) else "list of ids",
        "null": "null",
    }
    kinds = schema.get("type", "string")
    return " or ".join(words[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _field(name: str, schema: Json, description: str, *, needed: bool = False, where: str | None = None) -> str:
    """Return the line about a field: `name` (body, text, 1 to 100 characters, required): its description."""
    facts = [*([where] if where else []), _kind(schema)]
    if "enum" in schema:
        facts[-1] = " or ".join("null" if choice is None else f"`{choice}`" for choice in schema["enum"])
    most, least = schema.get("maxLength"), schema.get("minLength")
    if most is not None:
        facts.append(f"{least} to {most} characters" if least else f"at most {most} characters")
    if "maxItems" in schema:
        facts.append(f"at most {schema['maxItems']}")
    if "maximum" in schema and schema["maximum"] < 2**53 - 1:
        facts.append(f"{schema['minimum']} to {schema['maximum']}")
    if "default" in schema:
        facts.append(f"{json.dumps(schema['default'])} by default")
    if needed and where != "path":
        facts.append("required")
    return f"- `{name}` ({', '.join(facts)})" + (f": {description}" if description else "")


def write_guide(chat: Chat) -> Guide:
    """Make every call of the API at least once, as Ann and Bob would."""
    guide = Guide(chat)
    ann = {"username": "ann", "password": PASSWORD}

    def wait(seconds: float = 1.5) -> None:
        chat.clock.advance(seconds)

    # Accounts
    form = {**ann, "email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    guide.shows("POST /api/auth/register/", body=form)
    wait()
    bob = chat.person("bob", email="bob@example.com", first_name="Bob")
    cid = chat.person("cid", email="cid@example.com")
    wait()
    tokens = guide.shows("POST /api/auth/login/", body=ann).body["tokens"]
    wait()
    tokens = guide.shows("POST /api/auth/token/refresh/", body={"refresh": tokens["refresh"]}).body
    me = tokens["access"]
    guide.shows("GET /api/auth/me/", token=me)
    guide.shows("GET /api/auth/profile/", token=me)
    guide.shows(
        "PUT /api/auth/profile/", token=me, body={"first_name": "Anna", "avatar": "https://example.com/ann.png"}
    )
    guide.shows("PATCH /api/auth/profile/", token=me, body={"first_name": "Ann", "avatar": ""})
    url = guide.shows("PUT /api/auth/profile/avatar/", token=me, file=PICTURE).body["avatar"]
    guide.shows("GET /avatars/{picture_id}.webp", url.removeprefix(URL))
    guide.shows("DELETE /api/auth/profile/avatar/", token=me)
    wait()
    passwords = {"old_password": PASSWORD, "new_password": "staple battery horse"}
    me = guide.shows("POST /api/auth/change-password/", token=me, body=passwords).body["tokens"]["access"]
    services = context_of(chat.app).services
    guide.shows("POST /api/auth/password-reset/", body={"username": "ann"})
    reset = {"token": services.recovery.make_link("ann").token, "new_password": "staple battery horse"}
    me = guide.shows("POST /api/auth/password-reset/confirm/", body=reset).body["tokens"]["access"]
    guide.shows("POST /api/auth/email/resend/", token=me)
    with services.recovery.transaction(account=1):
        link = services.account_links.make(services.directory.get(None, 1), LinkPurpose.VERIFY)
    guide.shows("POST /api/auth/email/verify/", body={"token": services.account_links.token_of(link)})
    login = {"username": "ann", "password": "staple battery horse"}
    phone = chat.anyone.posts("/api/auth/login/", **login).body["tokens"]
    tablet = guide.shows("GET /api/auth/sessions/", token=me).body[0]["id"]
    guide.shows("POST /api/auth/logout/", token=phone["access"], body={"refresh": phone["refresh"]})
    guide.shows("DELETE /api/auth/sessions/{session_id}/", f"/api/auth/sessions/{tablet}/", token=me)
    guide.shows("DELETE /api/auth/sessions/", token=me)

    # People
    guide.shows("GET /api/auth/search/", "/api/auth/search/?q=BO", token=me)
    guide.shows("GET /api/auth/users/", "/api/auth/users/?limit=2", token=me)
    guide.shows("GET /api/auth/users/{user_id}/", f"/api/auth/users/{bob.id}/", token=me)
    guide.shows("GET /api/chat/online-users/", "/api/chat/online-users/?limit=1", token=me)

    # Rooms
    cursor = guide.shows("GET /api/chat/sync/", token=me).body["cursor"]
    wait()
    room = {"name": "Kitchen", "description": "Who cooks tonight?", "participants": [bob.id]}
    made = guide.shows("POST /api/chat/rooms/", token=me, body=room).body
    path = f"/api/chat/rooms/{made['id']}/"
    wait()
    changed = {"name": "Big kitchen", "description": "Who cooks tonight?", "is_private": False}
    guide.shows("PUT /api/chat/rooms/{room_id}/", path, token=me, body=changed)
    guide.shows("PATCH /api/chat/rooms/{room_id}/", path, token=me, body={"name": "Kitchen"})
    guide.shows("POST /api/chat/rooms/{room_id}/join/", f"{path}join/", token=cid.token)

    # Messages
    wait()
    sent = {"room": made["id"], "content": "Soup today?", "client_id": "b7d1"}
    guide.shows("POST /api/chat/messages/", token=me, body=sent)
    again = guide.shows("POST /api/chat/messages/", token=me, body=sent)
    wait()
    reply = {"room": made["id"], "content": "Yes, please, @ann! 🍲", "reply_to": again.body["id"]}
    chat.anyone.sends("POST", "/api/chat/messages/", json=reply, headers={"Authorization": f"Bearer {bob.token}"})
    guide.shows("GET /api/chat/messages/", "/api/chat/messages/?limit=1", token=me)
    guide.shows("GET /api/chat/mentions/", token=me)
    guide.shows("GET /api/chat/unread/", token=me)
    muted = {"notify": "mentions", "muted_until": "2025-01-06T18:00:00+01:00"}
    guide.shows("PATCH /api/chat/rooms/{room_id}/notify/", f"{path}notify/", token=cid.token, body=muted)
    guide.shows("GET /api/chat/search/", "/api/chat/search/?q=sou", token=me)
    guide.shows("GET /api/chat/rooms/", token=me)
    guide.shows("GET /api/chat/rooms/", "/api/chat/rooms/?scope=public", token=me)
    guide.shows("GET /api/chat/rooms/{room_id}/", path, token=me)
    guide.shows("GET /api/chat/rooms/{room_id}/participants/", f"{path}participants/", token=me)
    guide.shows("POST /api/chat/rooms/{room_id}/typing/", f"{path}typing/", token=cid.token)
    guide.shows("POST /api/chat/rooms/{room_id}/read/", f"{path}read/", token=cid.token, body={"seq": 1})
    guide.shows("GET /api/chat/rooms/{room_id}/history/", f"{path}history/?limit=2", token=me)
    reaction, of_message = "/api/chat/messages/{message_id}/reactions/", f"/api/chat/messages/{again.body['id']}/"
    guide.shows(f"PUT {reaction}{{emoji}}/", f"{of_message}reactions/%F0%9F%8D%B2/", token=me)
    guide.shows(f"GET {reaction}", f"{of_message}reactions/", token=bob.token)
    guide.shows(f"DELETE {reaction}{{emoji}}/", f"{of_message}reactions/%F0%9F%8D%B2/", token=me)
    guide.shows("PUT /api/chat/messages/{message_id}/pin/", f"{of_message}pin/", token=me)
    guide.shows("GET /api/chat/rooms/{room_id}/pins/", f"{path}pins/", token=bob.token)
    guide.shows("DELETE /api/chat/messages/{message_id}/pin/", f"{of_message}pin/", token=me)
    guide.shows("POST /api/chat/create-direct-chat/", token=me, body={"user_id": bob.id})
    wait()
    message, said = f"/api/chat/messages/{again.body['id']}/", "/api/chat/messages/{message_id}/"
    report = {"reason": "other", "comment": "This belongs to another room."}
    guide.shows(f"POST {said}report/", f"{message}report/", token=bob.token, body=report)
    guide.shows(f"PATCH {said}", message, token=me, body={"content": "Soup today? Or salad?"})
    guide.shows(f"DELETE {said}", message, token=me)
    guide.shows(f"GET {said}", message, token=bob.token)

    # Roles, removals and bans
    member, someone = f"{path}participants/{bob.id}/", "/api/chat/rooms/{room_id}/participants/{user_id}/"
    guide.shows(f"PATCH {someone}", member, token=me, body={"role": "moderator"})
    wait()
    guide.shows(f"DELETE {someone}", f"{path}participants/{cid.id}/?ban=true", token=bob.token)
    guide.shows("GET /api/chat/rooms/{room_id}/bans/", f"{path}bans/", token=me)
    guide.shows("DELETE /api/chat/rooms/{room_id}/bans/{user_id}/", f"{path}bans/{cid.id}/", token=me)
    guide.shows(
        "POST /api/chat/rooms/{room_id}/participants/",
        f"{path}participants/",
        token=bob.token,
        body={"user_id": cid.id},
    )

    # Invitations
    invites = f"{path}invites/"
    invite = guide.shows(
        "POST /api/chat/rooms/{room_id}/invites/", invites, token=me, body={"expires_in": 86_400, "uses": 2}
    ).body
    guide.shows("POST /api/chat/invites/preview/", body={"token": invite["token"]})
    dora = {"username": "dora", "password": PASSWORD, "invite": invite["token"]}
    guide.shows("POST /api/auth/register/", body=dora)
    eve = chat.person("eve", email="eve@example.com")
    guide.shows("POST /api/chat/invites/accept/", token=eve.token, body={"token": invite["token"]})
    guide.shows("GET /api/chat/rooms/{room_id}/invites/", invites, token=me)
    one_invite = "/api/chat/rooms/{room_id}/invites/{invite_id}/"
    guide.shows(f"DELETE {one_invite}", f"{invites}{invite['id']}/", token=me)
    # Blocked people
    blocked = f"/api/chat/users/{cid.id}/block/"
    guide.shows("POST /api/chat/users/{user_id}/block/", blocked, token=me)
    guide.shows("GET /api/chat/blocks/", token=me)
    guide.shows("DELETE /api/chat/users/{user_id}/block/", blocked, token=me)

    # Live updates
    guide.shows("GET /api/chat/sync/", f"/api/chat/sync/?after={cursor}&limit=2", token=me)
    ticket = guide.shows("POST /api/chat/events/ticket/", token=me).body["ticket"]
    guide.shows("GET /api/chat/events/", f"/api/chat/events/?ticket={ticket}&after={cursor}")

    for socket in ("GET /ws/chat/{room_id}/", "GET /ws/chat/"):
        guide.explains(socket, "[live.md](live.md#websocket) shows frames and their answers.\n")

    # Errors
    wrong = {"email": "ann@", "avatar": "http://example.com/ann.png"}
    guide.fails("PATCH", "/api/auth/profile/", token=me, body=wrong)
    guide.fails("POST", "/api/chat/rooms/", token=me, body={"name": "Garden", "colour": "green"})
    guide.fails("GET", "/api/chat/rooms/99/", token=me, Accept_Language="ru")
    guide.fails("POST", "/api/chat/messages/", token=me, body={**sent, "content": "Salad today?"})
    guide.fails("GET", "/api/auth/me/")

    # The end
    guide.shows("POST /api/chat/rooms/{room_id}/leave/", f"{path}leave/", token=cid.token)
    guide.shows("DELETE /api/chat/rooms/{room_id}/", path, token=me)
    guide.shows("GET /api/auth/me/export/", token=cid.token)
    guide.shows("DELETE /api/auth/me/", token=cid.token, body={"password": PASSWORD})
    guide.shows("GET /avatars/{user_id}-{letter}.svg", "/avatars/1-A.svg")
    guide.shows("GET /api/info/")
    guide.shows("GET /healthz")
    guide.shows("GET /readyz")
    guide.shows("GET /metrics")
    return guide
