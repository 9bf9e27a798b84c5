"""The number of SQL statements of a request: it is small, and the same for one row and for a hundred rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.client import Chat, Json, Person
from minichat.live.events import Addressed

SESSION = 1
"""Every request with a token looks up its session and account, in one statement."""

LISTS = {
    "/api/auth/users/": SESSION + 1,
    # names that begin with it, names that hold it, whether an upgrade is unfinished, the people
    "/api/auth/search/?q=user": SESSION + 4,
    "/api/chat/online-users/": SESSION + 1,
    "/api/chat/rooms/": SESSION + 2,  # the rooms with the ids of their first participants, the people
    "/api/chat/rooms/?q=n": SESSION + 2,
    "/api/chat/rooms/?scope=public": SESSION + 1,
    "/api/chat/rooms/?scope=public&q=li": SESSION + 2,  # whether few rooms have it, the rooms
    "/api/chat/rooms/{room}/participants/": SESSION + 3,  # the room, the participants, the people
    "/api/chat/rooms/{room}/bans/": SESSION + 3,  # the room, the bans, the people
    "/api/chat/rooms/{room}/invites/": SESSION + 3,  # the room, the invitations, the people
    "/api/chat/blocks/": SESSION + 2,  # the blocks, the people
    "/api/chat/rooms/{room}/history/?mark_read=false": SESSION + 3,  # the room, messages, people
    "/api/chat/messages/": SESSION + 3,  # messages, people, receipts
    "/api/chat/messages/?room={room}": SESSION + 3,
}
OTHERS = {
    ("GET", "/api/auth/me/"): SESSION,
    ("GET", "/api/auth/profile/"): SESSION,
    ("GET", "/api/chat/rooms/{room}/"): SESSION + 2,
    ("GET", "/api/chat/messages/1/"): SESSION + 4,  # the message, the room, the author, the receipts
    ("GET", "/api/chat/unread/"): SESSION + 1,
    ("POST", "/api/chat/rooms/{room}/read/"): SESSION + 1,  # nothing new to read
}


class Counter:
    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(self, event: Any) -> None:
        self.statements.append(event.sql)


@contextmanager
def counted(chat: Chat) -> Iterator[list[str]]:
    counter = Counter()
    chat.database.query_hooks.append(counter)
    try:
        yield counter.statements
    finally:
        chat.database.query_hooks.remove(counter)


def grow(chat: Chat, ann: Person, room: Json, rows: int) -> None:
    """Make `rows` of everything: people in Ann's room, people banned from it, invitations to it, rooms of hers, public
    rooms of others; messages in each.
    """
    with chat.app.app_context():
        services = chat.app.extensions["minichat"].services
        people = []
        for number in range(rows):
            user, _ = services.registration.register(f"user{number}", "correct horse battery", first_name=f"N{number}")
            people.append(user)
            banned, _ = services.registration.register(f"banned{number}", "correct horse battery")
            services.moderation.remove(ann.id, room["id"], banned.id, is_ban=True)
            services.invitations.create(ann.id, room["id"])
            services.blocks.block(ann.id, banned.id)
            services.participation.join(user.id, room["id"])
            services.messaging.send(user, room["id"], "hello")
            services.rooms.create(user.id, f"public {number}")
            own = services.rooms.create(ann.id, f"own {number}", invited=[one.id for one in people[-30:]])
            services.messaging.send(user, own.view.room.id, "hello")


@pytest.mark.parametrize("rows", [1, 100])
def test_a_list_takes_the_same_few_statements_at_any_length(chat: Chat, rows: int) -> None:
    ann = chat.person("ann")
    room = ann.makes_room("Kitchen")
    grow(chat, ann, room, rows)
    found = {}
    for path in LISTS:
        with counted(chat) as statements:
            separator = "&" if "?" in path else "?"
            answer = ann.sends("GET", f"{path.format(room=room['id'])}{separator}limit=200")
        assert answer.status == 200
        assert len(answer.text) > rows * 100
        found[path] = len(statements)
    assert found == LISTS


def test_a_request_for_one_object_takes_few_statements(chat: Chat) -> None:
    ann = chat.person("ann")
    room = ann.makes_room("Kitchen")
    ann.says("hello", in_=room)
    found = {}
    for method, path in OTHERS:
        with counted(chat) as statements:
            body: dict[str, Any] = {"json": {"seq": 1}} if method == "POST" else {}
            assert ann.sends(method, path.format(room=room["id"]), **body).status == 200
        found[method, path] = len(statements)
    assert found == OTHERS


def test_sending_takes_the_same_few_statements_in_a_large_room(chat: Chat) -> None:
    ann = chat.person("ann")
    small, large = ann.makes_room("small"), ann.makes_room("large")
    grow(chat, ann, large, 30)
    counts = []
    for room in (small, large):
        with counted(chat) as statements:
            ann.says("hello", in_=room)
        words = [sql.split()[0].strip(";") for sql in statements]
        counts.append([word for word in words if word not in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}])
    if chat.database.dialect.name == "postgres":
        # The session; the room, whose lock comes with BEGIN; the message with its number, its receipt and its change.
        assert counts == [["SELECT", "SELECT", "WITH"]] * 2
    else:
        # The session; the room; its next number, the message, the receipt, the change.
        assert counts == [["SELECT", "SELECT", "UPDATE", "INSERT", "UPDATE", "INSERT"]] * 2


def test_writing_an_event_for_many_users_takes_the_same_statements(chat: Chat) -> None:
    ann = chat.person("ann")
    room = ann.makes_room("Kitchen")
    grow(chat, ann, room, 30)
    api = chat.app.extensions["minichat"]
    place = api.services.change_log.end()
    assert ann.patches(f"/api/chat/rooms/{room['id']}/", name="Parlour").status == 200
    [changed] = api.services.change_log.after(place, 10)
    found = ann.gets(f"/api/chat/rooms/{room['id']}/participants/", limit=200).body
    people = [one["id"] for one in found["participants"]]
    assert len(people) == 31
    for user_ids in (people[:1], people):
        with counted(chat) as statements:
            [events] = api.events.write([Addressed(changed, user_ids)], "http://a")
        assert {user_id: b"Parlour" in event.json for user_id, event in events.items()} == dict.fromkeys(user_ids, True)
        assert len(statements) == 3  # the room, its first participants, the people


def test_a_request_without_a_token_takes_no_statement(chat: Chat) -> None:
    for path in ("/api/auth/me/", "/nothing", "/healthz", "/api/openapi.json", "/avatars/1-A.svg"):
        with counted(chat) as statements:
            chat.anyone.gets(path)
        assert statements == []


def test_reactions_and_pins_add_one_statement_to_a_page(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    messages = [ann.says(f"{number}", in_=room)["id"] for number in range(30)]
    pages = ("/api/chat/messages/", f"/api/chat/rooms/{room['id']}/history/?mark_read=false", "/api/chat/rooms/")

    def statements_of_pages() -> list[int]:
        counts = []
        for path in pages:
            with counted(chat) as statements:
                assert bob.gets(path).status == 200
            counts.append(len(statements))
        return counts

    before = statements_of_pages()
    for message in messages:
        ann.puts(f"/api/chat/messages/{message}/pin/")
    assert statements_of_pages() == before
    for number, message in enumerate(messages):
        for emoji in ("👍", "🎉") if number % 2 else ("👍",):
            ann.puts(f"/api/chat/messages/{message}/reactions/{emoji}/")
    assert statements_of_pages() == [count + 1 for count in before]
    for path in (f"/api/chat/rooms/{room['id']}/pins/", f"/api/chat/messages/{messages[0]}/reactions/"):
        with counted(chat) as statements:
            assert bob.gets(path).status == 200
        assert len(statements) <= SESSION + 5


def test_mentions_add_one_statement_to_a_page(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    ann.says("hello", in_=room)
    pages = ("/api/chat/messages/", f"/api/chat/rooms/{room['id']}/history/?mark_read=false", "/api/chat/rooms/")
    counts = []
    for content in ("user@example.com", "@bob @all"):
        for _ in range(30):
            ann.says(content, in_=room)
        for path in pages:
            with counted(chat) as statements:
                assert bob.gets(path).status == 200
            counts.append(len(statements))
    before, after = counts[:3], counts[3:]
    assert after == [count + 1 for count in before]
    with counted(chat) as statements:
        assert len(bob.gets("/api/chat/mentions/").body) == 30
    assert len(statements) == SESSION + 4  # the messages, their mentions, people, receipts


def test_the_unread_counts_of_many_rooms_take_one_statement(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    for _ in range(30):
        room = bob.makes_room(with_=[ann])
        bob.says("@ann", in_=room)
    with counted(chat) as statements:
        assert len(ann.gets("/api/chat/unread/").body["rooms"]) == 30
    assert len(statements) == SESSION + 1


def test_a_message_without_a_name_takes_no_statement_more(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room(with_=[bob])
    counts = []
    for content in ("hello", "ann@example.com", "@bob @carl @dora..._"):
        with counted(chat) as statements:
            ann.says(content, in_=room)
        counts.append(len(statements))
    # The people of these names; the mention, and the mark of its participant; the mentions and people of the answer.
    assert [count - counts[0] for count in counts] == [0, 0, 5]


def test_a_catching_up_client_gets_many_reactions_in_few_statements(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Kitchen", with_=[bob])
    messages = [ann.says(f"{number}", in_=room)["id"] for number in range(20)]
    cursor = bob.gets("/api/chat/sync/").body["cursor"]
    counts = []
    for some in (messages[:1], messages[1:]):
        for message in some:
            ann.puts(f"/api/chat/messages/{message}/reactions/👍/")
        with counted(chat) as statements:
            answer = bob.gets("/api/chat/sync/", after=cursor)
        assert {event["type"] for event in answer.body["events"]} == {"reaction.changed"}
        counts.append(len(statements))
    assert counts[0] == counts[1]
