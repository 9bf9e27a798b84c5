"""Keys of the lists of rooms: the rooms in which something happened last come first.

A key is the room's `activity` and its id. This module knows no rule of access.
"""

from minichat.domain.model import RoomView
from minichat.domain.paging import Key, Window
from minichat.domain.ports import RoomStore
from minichat.domain.room_lookup import find_room

_LEAST_TIME = 10**12
"""A time in 2001, in milliseconds. Every time in an old key is later, and no position is as large."""


def by_activity(view: RoomView) -> Key:
    return (view.room.activity, view.room.id)


def of_this_version(window: Window, room_store: RoomStore) -> Window:
    """Return the window with keys of this version. A key of version 0.1 held a time instead of the position.

    A client that pages during an upgrade continues at the room's present position.
    """

    def translated(key: Key | None) -> Key | None:
        if key is None or int(key[0]) < _LEAST_TIME:
            return key
        room = find_room(room_store, int(key[1]))
        return key if room is None else (room.activity, room.id)

    return window._replace(after=translated(window.after), before=translated(window.before))
