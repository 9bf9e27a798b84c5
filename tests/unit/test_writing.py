"""The events of a batch go to their recipients in order, and their URLs begin as each listener needs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minichat.domain.changes import Subscription
from minichat.domain.model import Change, ChangeKind, LoggedChange, TypingNotice, User
from minichat.live.events import Addressed
from minichat.live.listeners import Listener
from minichat.live.writing import written

ROOM = 1


class Written(NamedTuple):
    """An event for a user, with the beginning of its URLs."""

    base_url: str
    number: int
    user_id: int
    is_stored: bool = True


class Writer:
    """Writes an event for each user, except for one who may see nothing."""

    def __init__(self, blind_id: int = 0) -> None:
        self._blind_id = blind_id

    def write(self, batch: Sequence[Addressed], base_url: str) -> Sequence[Mapping[int, Written]]:
        return [
            {one: Written(base_url, position[0], one) for one in user_ids if one != self._blind_id}
            for (position, _), user_ids in batch
        ]

    def resync(self) -> Written:
        raise NotImplementedError  # `written` never asks for it

    def typing(self, notice: TypingNotice) -> Written:
        raise NotImplementedError  # `written` never asks for it

    def presence(self, user: User) -> Written:
        raise NotImplementedError  # `written` never asks for it


def change(number: int) -> LoggedChange:
    return LoggedChange((number,), Change(ChangeKind.MESSAGE_CREATED, ROOM, 0))


def listener(user_id: int, base_url: str = "http://a.example") -> Listener[Written]:
    return Listener(Subscription(user_id, (0,), {ROOM}), 1, 2**50, base_url)


def test_listeners_with_several_urls_each_get_their_own() -> None:
    first, other, second = listener(7), listener(7, "http://b.example"), listener(8)
    outgoing = written(Writer(), [(change(1), [first, other]), (change(2), [second, other, first])])
    assert outgoing == {
        first: [("http://a.example", 1, 7, True), ("http://a.example", 2, 7, True)],
        second: [("http://a.example", 2, 8, True)],
        other: [("http://b.example", 1, 7, True), ("http://b.example", 2, 7, True)],
    }


def test_a_user_without_an_event_gets_none() -> None:
    first, blind = listener(7), listener(8)
    outgoing = written(Writer(blind_id=8), [(change(1), [blind, first])])
    assert dict(outgoing) == {first: [("http://a.example", 1, 7, True)]}
