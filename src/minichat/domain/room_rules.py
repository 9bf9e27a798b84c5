"""The rules for the fields of a room, which creating and changing it share. This module reads no store."""

from typing import Any, NamedTuple

from minichat.domain.errors import InvalidInput
from minichat.domain.model import HistoryAccess, Room, WriteAccess
from minichat.domain.ports import Characters
from minichat.domain.search import MAX_SEARCHED_LENGTH, searchable
from minichat.domain.text import Fields

MAX_ROOM_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 1_000
MAX_COOLDOWN = 3_600
"""In seconds."""
MAX_INVITED = 200
"""Maximum number of users that are invited at a room's creation; further users are added one by one."""


class RoomPolicy(NamedTuple):
    """The settings of writing and reading in a group: see `Room`. None keeps a setting."""

    write: WriteAccess | None = None
    cooldown: int | None = None
    history: HistoryAccess | None = None

    def given(self) -> dict[str, Any]:
        """Return the settings that are not None."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def changed_room(
    room: Room,
    name: str | None,
    description: str | None,
    is_private: bool | None,
    policy: RoomPolicy,
    characters: Characters,
) -> Room:
    """Return the room with the given fields; None keeps a field. Raises InvalidInput."""
    fields, edited = Fields(), room
    if name is not None and name != room.name:  # a name from an earlier version may be sent back unchanged
        edited = edited._replace(name=check_name(fields, name, characters))
    if description is not None:
        edited = edited._replace(description=check_description(fields, description))
    if is_private is not None:
        edited = edited._replace(is_private=is_private)
    check_policy(fields, policy)
    fields.check()
    return edited._replace(**policy.given())


def check_policy(fields: Fields, policy: RoomPolicy) -> None:
    """Record in `fields` why a setting is wrong."""
    if policy.cooldown is not None and not 0 <= policy.cooldown <= MAX_COOLDOWN:
        fields.wrong("cooldown", "out_of_range", least=0, most=MAX_COOLDOWN)


def check_name(fields: Fields, name: str, characters: Characters) -> str:
    """Return the name in its normal form; record in `fields` why it is wrong."""
    return fields.name("name", name, characters, least=1, most=MAX_ROOM_NAME_LENGTH)


def check_description(fields: Fields, description: str) -> str:
    """Return the description in its normal form; record in `fields` why it is wrong."""
    return fields.body("description", description, most=MAX_DESCRIPTION_LENGTH)


def sought_name(query: str, characters: Characters) -> str:
    """Return the part of a name that a query asks for; empty for a query that shows nothing. Raises InvalidInput."""
    if not query:
        return ""
    fields = Fields()
    cleaned = fields.line("q", query, most=MAX_ROOM_NAME_LENGTH)
    fields.check()
    return searchable(cleaned, characters)[:MAX_SEARCHED_LENGTH]


def check_partner(user_id: int, other_id: int) -> None:
    """Raise InvalidInput if a user can't have a direct chat with the other."""
    if user_id == other_id:
        raise InvalidInput.of("user_id", "yourself")
