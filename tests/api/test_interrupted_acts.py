"""Acts of administrators and of recovery whose server is killed at one of their statements.

An exception at the statement stands for the kill: in both cases the database rolls the open transaction back. On SQLite
it would also disturb the savepoints of the group commit, which a kill ends with the rest.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from api.administrators import Browser
from api.client import Chat, Json, Person

pytestmark = pytest.mark.databases("postgres")

NEW_PASSWORD = "staple battery horse"


class Killed(BaseException):
    """The server has ended at this statement."""


class Interruption:
    """Ends the server at the statement of a number."""

    def __init__(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        self._chat, self._patch = chat, monkeypatch

    @contextmanager
    def _at(self, number: int) -> Iterator[None]:
        run, numbers = self._chat.database.execute_sql, count(1)

        def execute(statement: str, *args: Any, **options: Any) -> Any:
            if next(numbers) == number:
                raise Killed
            return run(statement, *args, **options)

        with self._patch.context() as patched:
            patched.setattr(self._chat.database, "execute_sql", execute)
            yield

    def everywhere(self, act: Callable[[], object]) -> int:
        """Try the act until no statement is left to be killed at; return the number of the killed ones.

        Each killed attempt leaves nothing, and the act works afterwards.
        """
        for number in count(1):
            before = self._chat.dump(without=())
            try:
                with self._at(number):
                    act()
            except Killed:
                assert self._chat.dump(without=()) == before, number
            else:
                assert len(self._chat.dump()["audit"]) > len(before["audit"])
                return number - 1
        raise AssertionError("unreachable")


@pytest.fixture
def interruption(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Interruption:
    return Interruption(chat, monkeypatch)


@pytest.fixture
def ann(admin: Browser, chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def bob(ann: Person, chat: Chat) -> Person:
    return chat.person("bob")


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    return ann.makes_room("Tea", with_=[bob])


@pytest.fixture
def said(ann: Person, bob: Person, room: Json) -> Json:
    message = bob.says("buy this", in_=room)
    ann.posts(f"/api/chat/messages/{message['id']}/report/", reason="spam")
    return message


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("people/2/reset-link/", {}),
        ("people/2/log-out/", {}),
        ("people/2/grant/", {}),
        ("people/2/disable/", {}),
        ("people/2/erase/", {"typed_name": "ann"}),
        ("people/new/", {"username": "dora", "password": ""}),
        ("people/new/", {"username": "dora", "password": NEW_PASSWORD}),
        ("rooms/1/rename/", {"name": "Coffee", "seen": "Tea"}),
        ("rooms/1/participants/3/hand-over/", {"seen": "2"}),
        ("rooms/1/delete/", {}),
        ("messages/1/", {"reason": "Report 1"}),
        ("reports/1/dismiss/?seen=open", {}),
        ("reports/1/delete-message/?seen=open", {}),
    ],
)
def test_a_killed_act_leaves_neither_itself_nor_an_entry(
    admin: Browser, said: Json, interruption: Interruption, path: str, fields: dict[str, str]
) -> None:
    token = admin.form_token(f"/admin/{path}")
    form = {"csrf_token": token, **fields}
    assert interruption.everywhere(lambda: admin.posts(f"/admin/{path}", **form)) > 3


def test_a_killed_recovery_leaves_the_link_and_the_password(
    chat: Chat, ann: Person, interruption: Interruption
) -> None:
    token = chat.app.extensions["minichat"].services.recovery.make_link("ann").token
    form = {"token": token, "new_password": NEW_PASSWORD}
    path = "/api/auth/password-reset/confirm/"
    assert interruption.everywhere(lambda: chat.anyone.posts(path, **form)) > 3
    assert chat.anyone.posts(path, **form).code == "token_invalid"
    assert chat.anyone.posts("/api/auth/login/", username="ann", password=NEW_PASSWORD).status == 200
