"""A chat of four routes in bare Flask and hand-written SQL on psycopg 3: the peer of `on_postgres.py`.

It reads and writes minichat's tables, gives the same answers, and does the same work in the database: it looks up the
session on every request, reads a history in one snapshot, and commits a message with its number, receipt and change
before the answer. It does nothing else: no validation and no live updates.

    gunicorn bare_psycopg:app --worker-class gevent --workers 2

`MINICHAT_DATABASE_URL` names the database, and `MINICHAT_TOKEN_KEY` is the signing key of the tokens.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import LifoQueue
from typing import Any
from urllib.parse import quote

import jwt
import orjson
import psycopg
from flask import Flask, Response, abort, request

CONNECTIONS = 8
"""Connections per worker; a request waits for a free one."""
HEAD = 20
"""Participants shown with a room."""
PERSON = "id, username, first_name, last_name, avatar_url, last_seen_at"

# The session with its user, as on each request.
CALLER = """
SELECT session.user_id, session.expires_at, session.ended_at, u.is_active, u.id, u.username, u.first_name, u.last_name,
    u.avatar_url, u.last_seen_at, u.email, u.joined_at, u.email_verified_at IS NOT NULL
FROM session JOIN "user" u ON u.id = session.user_id WHERE session.id = %s
"""
MESSAGE = """m.id, m.room_id, m.seq, m.user_id, m.content, m.created_at, m.edited_at, m.is_deleted, m.reply_to,
    m.client_id"""
ROOM = f"""r.id, r.name, r.description, r.kind, r.is_private, r.created_at, r.last_seq, r.participants_count, p.role,
    p.joined_seq, p.seen_seq,
    (SELECT o.seen_seq FROM participant o WHERE o.room_id = r.id AND o.user_id <> p.user_id
     ORDER BY o.seen_seq DESC LIMIT 1), {MESSAGE}"""  # noqa: S608 - like all that follow, of constants
IN_ROOMS = (
    "participant p JOIN room r ON r.id = p.room_id LEFT JOIN message m ON m.room_id = r.id AND m.seq = r.last_seq"
)
ROOMS = f"""
SELECT {ROOM} FROM {IN_ROOMS} WHERE p.user_id = %s AND r.deleted_at IS NULL
ORDER BY r.active_at DESC, r.id DESC LIMIT %s
"""  # noqa: S608
THE_ROOM = f"SELECT {ROOM} FROM {IN_ROOMS} WHERE p.user_id = %s AND r.id = %s AND r.deleted_at IS NULL"  # noqa: S608
HEADS = f"""
SELECT r.id, p.user_id
FROM unnest(%s::bigint[]) AS r (id)
CROSS JOIN LATERAL (SELECT id, user_id FROM participant WHERE room_id = r.id ORDER BY id LIMIT {HEAD}) AS p
ORDER BY r.id, p.id
"""  # noqa: S608
PEOPLE = f'SELECT {PERSON} FROM "user" WHERE id = ANY(%s)'  # noqa: S608
HISTORY = f"SELECT {MESSAGE} FROM message m WHERE m.room_id = %s ORDER BY m.seq DESC LIMIT %s"  # noqa: S608
IS_IN = """
SELECT r.kind FROM room r JOIN participant p ON p.room_id = r.id AND p.user_id = %s
WHERE r.id = %s AND r.deleted_at IS NULL
"""
NEXT = "UPDATE room SET last_seq = last_seq + 1, active_at = %s WHERE id = %s RETURNING last_seq"
ADD = """
INSERT INTO message (room_id, seq, user_id, content, created_at, client_id, is_indexed)
VALUES (%s, %s, %s, %s, %s, %s, true) RETURNING id
"""
SEE = "UPDATE participant SET seen_seq = %s WHERE room_id = %s AND user_id = %s AND seen_seq < %s"
RECORD = "INSERT INTO change (kind, room_id, at, user_id, message_id) VALUES ('message.created', %s, %s, %s, %s)"
ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

KEY = os.environ["MINICHAT_TOKEN_KEY"]
app = Flask(__name__, static_folder=None)
pool: LifoQueue[psycopg.Connection[tuple[Any, ...]] | None] = LifoQueue()
for _ in range(CONNECTIONS):
    pool.put(None)  # opened at first use


NOTHING_SPECIAL = {"is_blocked": False, "reactions": [], "mentions": [], "mentions_all": False, "is_pinned": False}
"""The fields of a message that this service does not store."""
USUAL_SETTINGS = {
    "unread_mentions": 0,
    "notify": "all",
    "muted_until": None,
    "write": "all",
    "cooldown": 0,
    "history": "all",
}
"""The fields of a room that this service does not store."""


@contextmanager
def connected() -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Borrow a connection."""
    connection = pool.get() or psycopg.connect(os.environ["MINICHAT_DATABASE_URL"], autocommit=True)
    try:
        yield connection
    finally:
        pool.put(connection)


def caller(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the caller: the columns of a person, then the e-mail and the time of joining."""
    claims = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), KEY, algorithms=["HS256"])
    found = connection.execute(CALLER, (claims["sid"],)).fetchone()
    if found is None or found[0] != int(claims["sub"]) or not found[3]:
        abort(401)
    if found[2] is not None or found[1] <= now():
        abort(401)
    return found[4:]


def now() -> int:
    return time.time_ns() // 1_000_000


def answer(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


def rfc3339(at: int | None) -> str | None:
    if at is None:
        return None
    seconds, millis = divmod(at, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def user(row: tuple[Any, ...]) -> dict[str, Any]:
    id_, username, first_name, last_name, avatar_url = row[:5]
    return {
        "id": id_,
        "username": username,
        "first_name": first_name,
        "last_name": last_name,
        "full_name": f"{first_name} {last_name}".strip(),
        "avatar": avatar_url or f"http://{request.host}/avatars/{id_}-{quote((first_name or username)[0].upper())}.svg",
    }


def presence(seen_at: int | None) -> dict[str, Any]:
    return {"is_online": seen_at is not None and now() - seen_at < 60_000, "last_seen": rfc3339(seen_at)}


class People:
    """The people of one answer, each written once."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], ids: set[int]) -> None:
        self.rows = {row[0]: row for row in connection.execute(PEOPLE, (list(ids),))}
        self._users: dict[int, orjson.Fragment] = {}
        self._persons: dict[int, orjson.Fragment] = {}

    def user(self, user_id: int) -> orjson.Fragment:
        if user_id not in self._users:
            self._users[user_id] = orjson.Fragment(orjson.dumps(user(self.rows[user_id])))
        return self._users[user_id]

    def person(self, user_id: int) -> orjson.Fragment:
        if user_id not in self._persons:
            row = self.rows[user_id]
            self._persons[user_id] = orjson.Fragment(orjson.dumps(user(row) | presence(row[5])))
        return self._persons[user_id]


def message(row: tuple[Any, ...], viewer_id: int, own: int, others: int, author: object, name: str) -> dict[str, Any]:
    id_, room_id, seq, user_id, content, created_at, edited_at, is_deleted, reply_to, client_id = row
    return {
        "id": id_,
        "room": room_id,
        "seq": seq,
        "user": author,
        "user_username": name,
        "content": content,
        "timestamp": rfc3339(created_at),
        "edited_at": rfc3339(edited_at),
        "is_deleted": is_deleted,
        "is_read": seq <= (others if user_id == viewer_id else own),
        "reply_to": reply_to,
        "client_id": client_id,
        **NOTHING_SPECIAL,
    }


def room(row: tuple[Any, ...], viewer_id: int, head: list[int], people: People) -> dict[str, Any]:
    id_, name, description, kind, is_private, created_at, last_seq, count, role, joined_seq, seen_seq, others = row[:12]
    last, own = row[12:], max(joined_seq, seen_seq)
    return {
        "id": id_,
        "name": name,
        "description": description,
        "kind": kind,
        "is_private": is_private,
        "created_at": rfc3339(created_at),
        "participants": [people.person(user_id) for user_id in head],
        "participants_count": count,
        "role": role,
        "last_message": None
        if last[0] is None
        else message(last, viewer_id, own, others or 0, people.user(last[3]), people.rows[last[3]][1]),
        "last_seq": last_seq,
        "last_read_seq": own,
        "unread_count": last_seq - own,
        **USUAL_SETTINGS,
    }


def heads_of(connection: psycopg.Connection[tuple[Any, ...]], room_ids: list[int]) -> dict[int, list[int]]:
    """Return the first participants of these rooms."""
    heads: dict[int, list[int]] = {room_id: [] for room_id in room_ids}
    for room_id, user_id in connection.execute(HEADS, (room_ids,)):
        heads[room_id].append(user_id)
    return heads


@app.get("/api/auth/me/")
def me() -> Response:
    with connected() as connection:
        own = caller(connection)
    shown = user(own)
    profile = {**presence(own[5]), "avatar": shown["avatar"]}
    private = {"email": own[6], "email_verified": own[8], "date_joined": rfc3339(own[7]), "profile": profile}
    return answer({**shown, **private})


@app.get("/api/chat/rooms/")
def rooms() -> Response:
    limit = int(request.args["limit"])
    with connected() as connection:
        viewer_id = caller(connection)[0]
        # One more row shows whether there is a next page.
        found = connection.execute(ROOMS, (viewer_id, limit + 1)).fetchall()[:limit]
        heads = heads_of(connection, [row[0] for row in found])
        authors = {row[15] for row in found if row[12] is not None}
        people = People(connection, authors.union(*heads.values()))
    return answer([room(row, viewer_id, heads[row[0]], people) for row in found])


@app.get("/api/chat/rooms/<int:room_id>/history/")
def history(room_id: int) -> Response:
    limit = int(request.args["limit"])
    with connected() as connection:
        viewer_id = caller(connection)[0]
        connection.execute(ONE_MOMENT)
        try:
            view = connection.execute(THE_ROOM, (viewer_id, room_id)).fetchone()
            if view is None:
                abort(404)
            head = heads_of(connection, [room_id])[room_id]
            found = connection.execute(HISTORY, (room_id, limit + 1)).fetchall()[:limit][::-1]
            people = People(connection, {row[3] for row in found}.union(head, [] if view[12] is None else [view[15]]))
        finally:
            connection.execute("COMMIT")
    own, others = max(view[9], view[10]), view[11] or 0
    messages = [message(row, viewer_id, own, others, people.user(row[3]), people.rows[row[3]][1]) for row in found]
    return answer({"room": room(view, viewer_id, head, people), "messages": messages})


@app.post("/api/chat/messages/")
def send() -> Response:
    given = orjson.loads(request.data)
    room_id, content, client_id = given["room"], given["content"], given.get("client_id")
    with connected() as connection:
        author = caller(connection)
        with connection.transaction():
            if connection.execute(IS_IN, (author[0], room_id)).fetchone() is None:
                abort(404)
            at = now()
            (seq,) = connection.execute(NEXT, (at, room_id)).fetchone() or (0,)
            new = (room_id, seq, author[0], content, at, client_id)
            (id_,) = connection.execute(ADD, new).fetchone() or (0,)
            connection.execute(SEE, (seq, room_id, author[0], seq))
            connection.execute(RECORD, (room_id, at, author[0], id_))
    row = (id_, room_id, seq, author[0], content, at, None, False, None, client_id)
    return answer(message(row, author[0], seq, 0, user(author), author[1]), 201)
