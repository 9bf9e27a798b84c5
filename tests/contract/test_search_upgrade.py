"""The rebuilding of the search index in a database of minichat 0.1, beside servers of that version and of this one."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.peewee import ChatDatabase, open_database
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.operations import migrate
from minichat.adapters.peewee.operations.reindex import reindex
from minichat.adapters.peewee.stores.former_names import former_parts
from minichat.adapters.peewee.stores.rooms import PeeweeRoomStore
from minichat.adapters.peewee.stores.users import PeeweeUserStore
from minichat.domain.model import NewRoom, NewUser, RoomKind, User
from minichat.domain.paging import Window
from minichat.domain.search import name_query
from postgres import shared
from sqlite import put_empty_database

UNICODE = UnicodeCharacters()
PEOPLE = [
    ("bob", "Robert", "Miller"),
    ("user2", "José", "Núñez"),
    ("user3", "Işık", "Łuk"),
    ("user4", "Γιώργος", "Ωνάσης"),
    ("user5", "Алёна", "Йо"),
    ("user6", "", "أحمد"),
    ("user7", "Ann 👍🏽", "Straße"),
]
ROOMS = ["Kitchen", "Küche", "Große  Küche"]
AS_BEFORE = ["bob", "rt mi", "robert miller", "JOSÉ", "é núñ", "işık", "γιώργοσ", "алён", "أحمد", "👍🏽", "STRASSE"]
"""Queries that minichat 0.1 answers with a person."""


def person(user_id: int, username: str, first_name: str, last_name: str) -> User:
    return User(user_id, username, username, first_name, last_name, "", "", True, False, 1, None)


class OldServer:
    """The statements of minichat 0.1 for people and rooms. It knows no column of this version."""

    def __init__(self, database: ChatDatabase) -> None:
        def statement(sql: str) -> Callable[..., int]:
            return Statement.of_text(database, sql).run

        self.database = database
        self._add = statement(
            'INSERT INTO "user" (id, username, username_key, password_hash, first_name, last_name, joined_at) '
            "VALUES (:id, :username, :username, 'hash', :first_name, :last_name, 1)"
        )
        self._edit = statement(
            'UPDATE "user" SET username = :username, first_name = :first_name, last_name = :last_name WHERE id = :id'
        )
        self._erase = statement('UPDATE "user" SET deleted_at = 2 WHERE id = :id')
        self._index = statement(
            "INSERT INTO user_name_part (is_start, part, user_id) VALUES (:is_start, :part, :id) ON CONFLICT DO NOTHING"
        )
        self._forget = statement(
            "DELETE FROM user_name_part WHERE is_start = :is_start AND part = :part AND user_id = :id"
        )
        self._add_room = statement(
            "INSERT INTO room (name, description, kind, is_private, created_at, active_at) "
            "VALUES (:name, '', 'group', :no, 1, 1)"
        )
        self._rename_room = statement("UPDATE room SET name = :name WHERE id = :id")
        self._set_privacy = statement("UPDATE room SET is_private = :is_private WHERE id = :id")

    def adds(self, user: User) -> None:
        with self.database.writing():
            self._add(id=user.id, username=user.username, first_name=user.first_name, last_name=user.last_name)
            self._replace(set(), former_parts(user), user.id)

    def edits(self, before: User, after: User) -> None:
        with self.database.writing(account=before.id):
            self._edit(id=before.id, username=after.username, first_name=after.first_name, last_name=after.last_name)
            self._replace(former_parts(before), former_parts(after), before.id)

    def erases(self, before: User) -> None:
        with self.database.writing(account=before.id):
            self._edit(id=before.id, username=f"deleted-user-{before.id}", first_name="", last_name="")
            self._erase(id=before.id)
            self._replace(former_parts(before), set(), before.id)

    def _replace(self, old: set[tuple[bool, str]], new: set[tuple[bool, str]], user_id: int) -> None:
        for is_start, part in old - new:
            self._forget(is_start=is_start, part=part, id=user_id)
        for is_start, part in new - old:
            self._index(is_start=is_start, part=part, id=user_id)

    def adds_room(self, name: str) -> None:
        with self.database.writing():
            self._add_room(name=name, no=False)

    def renames_room(self, room_id: int, name: str) -> None:
        with self.database.writing(room=room_id):
            self._rename_room(id=room_id, name=name)

    def sets_privacy(self, room_id: int, *, is_private: bool) -> None:
        with self.database.writing(room=room_id):
            self._set_privacy(id=room_id, is_private=is_private)


class Crash(Exception):
    pass


class CrashingCharacters(UnicodeCharacters):
    """Fails after a number of folded texts, as a process that is killed."""

    def __init__(self, texts: int) -> None:
        self._left = texts

    def without_variants(self, text: str) -> str:
        self._left -= 1
        if self._left < 0:
            raise Crash
        return super().without_variants(text)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of minichat 0.1 with people and rooms, migrated and not reindexed: the tests have copies of it."""
    path = tmp_path_factory.mktemp("upgraded") / "chat.sqlite3"
    url = f"sqlite:///{path}" if request.param == "sqlite" else shared().url()
    opened = open_database(url)
    opened.create()
    last = opened.dialect.choose(sqlite="0008_log_epoch", postgres="0001_initial")
    with opened.migrating(migrate.PATIENCE_SECONDS):
        migrate.runner(opened).up(last)
    old_server = OldServer(opened)
    for number, names in enumerate(PEOPLE, 1):
        old_server.adds(person(number, *names))
    for name in ROOMS:
        old_server.adds_room(name)
    assert migrate.upgrade(opened)[:2] == ["0009_activity", "0010_search_fold"]
    opened.close_connections()
    return url


@pytest.fixture
def url(upgraded: str, tmp_path: Path) -> str:
    if upgraded.startswith("sqlite"):
        return f"sqlite:///{shutil.copy(upgraded.removeprefix('sqlite:///'), tmp_path)}"
    return shared().url(upgraded.partition("@/")[2].partition("?")[0])


@pytest.fixture
def database(url: str) -> Iterator[ChatDatabase]:
    opened = open_database(url)
    yield opened
    opened.close_connections()


def found(database: ChatDatabase, query: str) -> list[int]:
    users = PeeweeUserStore(database, UNICODE)
    return [user.id for user in users.search(name_query(query, UNICODE), 50, without=0)]


def found_rooms(database: ChatDatabase, part: str) -> list[str]:
    return [view.room.name for view in PeeweeRoomStore(database, UNICODE).public_page(99, Window(9), part)]


def index(database: ChatDatabase) -> list[list[tuple[object, ...]]]:
    queries = (
        "SELECT user_id, is_start, part FROM user_name_part ORDER BY user_id, is_start, part",
        'SELECT id, search_names, is_indexed FROM "user" ORDER BY id',
        "SELECT id, search_name, is_indexed FROM room ORDER BY id",
        "SELECT room_id, part FROM room_name_part ORDER BY room_id, part",
    )
    return [Statement.of_text(database, query).rows() for query in queries]


def fresh_index(folder: Path) -> list[list[tuple[object, ...]]]:
    """The index of a new database of this version with the same people and rooms."""
    folder.mkdir()
    put_empty_database(folder / "chat.sqlite3")
    database = open_database(f"sqlite:///{folder}/chat.sqlite3")
    users, rooms = PeeweeUserStore(database, UNICODE), PeeweeRoomStore(database, UNICODE)
    with database.writing():
        for username, first_name, last_name in PEOPLE:
            users.add(NewUser(username, username, "hash", first_name, last_name, "", joined_at=1))
        for name in ROOMS:
            rooms.add(NewRoom(name, "", RoomKind.GROUP, False, 1))
    try:
        return index(database)
    finally:
        database.close_connections()


def test_nobody_is_lost_before_the_index_is_rebuilt(database: ChatDatabase) -> None:
    assert [len(found(database, query)) for query in AS_BEFORE] == [1] * len(AS_BEFORE)
    assert found(database, "jose") == []


def test_after_the_rebuilding_the_index_is_that_of_a_new_database(database: ChatDatabase, tmp_path: Path) -> None:
    assert reindex(database, UNICODE, batch=3) == len(PEOPLE) + len(ROOMS)
    assert [len(found(database, query)) for query in AS_BEFORE] == [1] * len(AS_BEFORE)
    for query, user_id in {"jose": 2, "isik luk": 3, "ΓΙΩΡΓΟΣ": 4, "ио алена": 5, "احمد": 6, "👍": 7}.items():
        assert found(database, query) == [user_id], query
    assert sorted(found_rooms(database, "kuche")) == ["Große  Küche", "Küche"]
    assert index(database) == fresh_index(tmp_path / "fresh")
    assert reindex(database, UNICODE) == 0


def test_names_that_were_changed_by_hand_are_found_after_the_next_rebuilding(database: ChatDatabase) -> None:
    reindex(database, UNICODE)
    for name, query, former in (("Zelda", "zelda", "robert"), ("Ümit", "umit", "zelda"), ("José", "jose", "umit")):
        with database.writing():
            database.execute_sql(f"UPDATE \"user\" SET first_name = '{name}' WHERE id = 1")
        assert reindex(database, UNICODE) == 1
        assert (1 in found(database, query), found(database, former)) == (True, [])
    with database.writing():
        database.execute_sql("UPDATE room SET name = 'Ünder' WHERE id = 1")
    assert reindex(database, UNICODE) == 1
    assert found_rooms(database, "under") == ["Ünder"]


@pytest.mark.parametrize("texts", [0, 1, 9, 14])
def test_nobody_is_lost_by_a_crash_and_the_next_run_continues(database: ChatDatabase, texts: int) -> None:
    with pytest.raises(Crash):
        reindex(database, CrashingCharacters(texts), batch=1)
    left = sum(not is_indexed for rows in index(database)[1:3] for *_, is_indexed in rows)
    assert 0 < left <= len(PEOPLE) + len(ROOMS)
    assert [len(found(database, query)) for query in AS_BEFORE] == [1] * len(AS_BEFORE)
    assert reindex(database, UNICODE) == left
    assert found(database, "jose") == [2]


def test_two_rebuildings_at_once_do_no_harm(database: ChatDatabase, url: str, tmp_path: Path) -> None:
    def rebuild(_: int) -> None:
        opened = open_database(url)
        try:
            reindex(opened, UNICODE, batch=2)
        finally:
            opened.close_connections()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(rebuild, range(3)))
    assert index(database) == fresh_index(tmp_path / "fresh")


def test_names_that_an_old_server_writes_meanwhile_are_found_and_then_indexed(database: ChatDatabase) -> None:
    old_server = OldServer(database)
    reindex(database, UNICODE)
    old_server.adds(person(20, "user20", "Zoë", "Ångström"))
    old_server.edits(person(2, *PEOPLE[1]), person(2, "user2", "Björn", "Ødegård"))
    old_server.erases(person(3, *PEOPLE[2]))
    old_server.adds_room("Bücher")
    old_server.renames_room(1, "Höhle")
    assert (found(database, "zoë å"), found(database, "björn"), found(database, "isik")) == ([20], [2], [])
    assert reindex(database, UNICODE) == 5
    assert (found(database, "zoe ang"), found(database, "odegard bjorn")) == ([20], [2])
    for query in ("jose", "José", "nunez", "isik", "user3"):
        assert found(database, query) == []
    assert (found_rooms(database, "buch"), found_rooms(database, "hohle")) == (["Bücher"], ["Höhle"])
    assert found_rooms(database, "kitchen") == []


def test_the_privacy_that_an_old_server_changes_meanwhile_decides_about_the_search(database: ChatDatabase) -> None:
    old_server = OldServer(database)
    old_server.sets_privacy(1, is_private=True)
    reindex(database, UNICODE)
    assert 1 not in {room_id for room_id, _ in index(database)[3]}
    for is_private, expected in ((False, [ROOMS[0]]), (True, [])):
        old_server.sets_privacy(1, is_private=is_private)
        reindex(database, UNICODE)
        assert found_rooms(database, ROOMS[0].lower()) == expected


def test_a_new_server_changes_names_before_they_are_rebuilt(database: ChatDatabase) -> None:
    users, rooms = PeeweeUserStore(database, UNICODE), PeeweeRoomStore(database, UNICODE)
    jose, found_room = users.get(2), rooms.access(1, 2)
    assert jose is not None
    assert found_room is not None
    with database.writing(account=2):
        users.update_profile(jose._replace(first_name="Peter", last_name=""))
    with database.writing(account=3):
        remains = person(3, "deleted-user-3", "", "")._replace(deleted_at=2)
        users.erase(remains, free_at=9)
    with database.writing(room=1):
        rooms.update(found_room[0]._replace(name="Höhle"))
    for query in ("José", "jose", "núñez", "ışık", "isik", "user3", "deleted"):
        assert found(database, query) == [], query
    assert found(database, "peter") == found(database, "user2") == [2]
    assert found_rooms(database, "hohle") == ["Höhle"]
    reindex(database, UNICODE)
    assert found(database, "peter") == [2]
    assert [row for row in index(database)[0] if row[0] == 3] == []
