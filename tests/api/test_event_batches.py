"""The events of a batch: the look-ups do not depend on its size, and each user receives only what they may see."""

from typing import Any

import orjson

from api.client import Chat, Json
from minichat.api.context import context_of
from minichat.api.events import JsonEvent
from minichat.domain.model import LogPosition
from minichat.live.events import Addressed

BASE_URL = "http://chat.example"


def events_after(chat: Chat, position: LogPosition, *user_ids: int) -> list[dict[int, JsonEvent]]:
    """Return the events of all later changes for these users."""
    app = context_of(chat.app)
    changes = app.services.change_log.after(position, 1_000)
    return [dict(found) for found in app.events.write([Addressed(one, user_ids) for one in changes], BASE_URL)]


def end_of(chat: Chat) -> LogPosition:
    return context_of(chat.app).services.change_log.end()


def data_of(event: JsonEvent) -> Json:
    found: Json = orjson.loads(event.json)["data"]
    return found


def test_many_messages_need_as_many_statements_as_one(chat: Chat) -> None:
    ann, bob = chat.person("ann"), chat.person("bob")
    rooms = [ann.makes_room("Tea", with_=[bob]), ann.makes_room("Coffee", with_=[bob])]

    def statements(count: int) -> int:
        position = end_of(chat)
        for number in range(count):
            author = (ann, bob)[number // 2 % 2]
            author.says(f"@bob {number}", in_=rooms[number % 2])
        executed: list[Any] = []
        chat.database.query_hooks.append(executed.append)
        written = events_after(chat, position, ann.id, bob.id)
        chat.database.query_hooks.remove(executed.append)
        assert [sorted(events) for events in written] == [[ann.id, bob.id]] * count
        return len(executed)

    assert statements(1) == statements(20)


def test_an_event_of_a_batch_shows_each_user_their_own_view(chat: Chat) -> None:
    ann, bob, carl = chat.person("ann"), chat.person("bob"), chat.person("carl")
    tea, coffee = ann.makes_room("Tea", with_=[bob]), ann.makes_room("Coffee", with_=[carl])
    position = end_of(chat)
    ann.says("for bob", in_=tea)
    bob.says("for ann", in_=tea)
    ann.says("for carl", in_=coffee)
    first, second, third = events_after(chat, position, ann.id, bob.id, carl.id)
    assert {user_id: data_of(event)["is_read"] for user_id, event in first.items()} == {ann.id: True, bob.id: True}
    assert {user_id: data_of(event)["is_read"] for user_id, event in second.items()} == {ann.id: False, bob.id: False}
    assert sorted(third) == [ann.id, carl.id]


def test_the_events_of_messages_in_a_removed_room_are_left_out(chat: Chat) -> None:
    ann, bob = chat.person("ann"), chat.person("bob")
    room = ann.makes_room("Tea", with_=[bob])
    position = end_of(chat)
    ann.says("hello", in_=room)
    bob.reads(room, up_to=1)
    ann.deletes(f"/api/chat/rooms/{room['id']}/")
    kinds = [orjson.loads(one.json)["type"] for found in events_after(chat, position, bob.id) for one in found.values()]
    assert kinds == ["message.read", "room.deleted"]
