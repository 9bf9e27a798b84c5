"""The filling of the search index of messages in a database of an earlier version, beside servers of both versions."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from builders import Chat, Person, contents
from contract.backends import Backend, postgres, sqlite
from minichat.adapters.memory import PlainCharacters
from minichat.adapters.peewee import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.operations import message_filling
from minichat.adapters.peewee.operations.message_filling import fill, progress, purge
from minichat.adapters.peewee.stores import sqlite_message_index
from minichat.adapters.peewee.stores.message_index import begin_again, message_index
from minichat.adapters.peewee.stores.sqlite_message_index import (
    MAX_PENDING_LENGTH,
    MAX_SECURELY_REMOVED,
    PENDING,
)
from minichat.domain.errors import IndexBuilding
from minichat.domain.model import Message, Room
from postgres import shared

KINDS = {"sqlite": sqlite, "postgres": postgres}
CHARACTERS = PlainCharacters()
PATIENCE = 20


class OldServer:
    """The statements of an earlier version for messages. It knows no index."""

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        statement = Statement.of_text
        self._next_seq = statement(
            database, "UPDATE room SET last_seq = last_seq + 1 WHERE id = :id RETURNING last_seq"
        )
        self._insert = statement(
            database,
            "INSERT INTO message (room_id, seq, user_id, content, created_at) "
            "VALUES (:room_id, :seq, :user_id, :content, 1) RETURNING id",
        )
        self._update = statement(
            database, "UPDATE message SET content = :content, edited_at = 2, is_deleted = :is_deleted WHERE id = :id"
        )
        self._delete = statement(database, "DELETE FROM message WHERE room_id = :room_id")

    def says(self, content: str, author: Person, room: Room) -> int:
        with self._database.writing(room=room.id):
            (seq,) = self._next_seq.one(id=room.id) or (0,)
            (message_id,) = self._insert.one(room_id=room.id, seq=seq, user_id=author.id, content=content) or (0,)
        return int(message_id)

    def rewrites(self, message_id: int, content: str) -> None:
        with self._database.writing():
            self._update.run(id=message_id, content=content, is_deleted=False)

    def takes_back(self, message_id: int) -> None:
        with self._database.writing():
            self._update.run(id=message_id, content="", is_deleted=True)

    def sweeps(self, room: Room) -> None:
        with self._database.writing():
            self._delete.run(room_id=room.id)


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with KINDS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def database(backend: Backend) -> ChatDatabase:
    found: Any = backend.ports.message_store
    database: ChatDatabase = found._database
    return database


@pytest.fixture
def chat(backend: Backend) -> Chat:
    return Chat(backend.ports, backend.clock)


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def room(ann: Person) -> Room:
    return ann.makes_room("Tea")


@pytest.fixture
def old_server(database: ChatDatabase) -> OldServer:
    return OldServer(database)


def empties_index(database: ChatDatabase) -> None:
    """Bring the database into the state after the migration: no message is in the index."""
    with database.writing():
        for statement in database.dialect.choose(
            sqlite=("INSERT INTO message_word (message_word) VALUES ('delete-all')",),
            postgres=("UPDATE message SET is_indexed = FALSE", "DELETE FROM message_word"),
        ):
            database.execute_sql(statement)
        begin_again(database, is_empty=False)


def indexes_the_last_messages(database: ChatDatabase) -> None:
    """Index the messages that wait until they are enough."""
    with database.writing():
        ids = [row[0] for row in database.execute_sql("SELECT message_id FROM message_behind").fetchall()]
        message_index(database, CHARACTERS).refresh(ids)


def found(person: Person, query: str) -> Sequence[str]:
    return contents(person.chat.services.message_search.search(person.id, query, 50))


def stored_words(database: ChatDatabase) -> set[str]:
    """The words in the index, without the characters of rooms."""
    if database.dialect.name == "postgres":
        rows = database.execute_sql("SELECT words FROM message_word").fetchall()
        return {word for (words,) in rows for word in words.replace(".", "").split()}
    database.execute_sql("CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_list USING fts5vocab (main, message_word, row)")
    return {row[0][1:] for row in database.execute_sql("SELECT term FROM temp.word_list").fetchall()}


def says_many(ann: Person, room: Room, number: int) -> list[Message]:
    return [ann.says(f"tea {n}", in_=room).message for n in range(number)]


def test_a_search_is_refused_until_all_messages_are_in_the_index(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    says_many(ann, room, 5)
    empties_index(database)
    assert progress(database, CHARACTERS) == (0, 5)
    with pytest.raises(IndexBuilding) as refused:
        found(ann, "tea")
    assert (refused.value.code, refused.value.retry_after) == ("index_building", 30)
    assert fill(database, CHARACTERS) == 5
    assert progress(database, CHARACTERS).is_complete
    assert found(ann, "tea") == ["tea 4", "tea 3", "tea 2", "tea 1", "tea 0"]
    assert fill(database, CHARACTERS) == 0


def test_an_interrupted_filling_continues(
    database: ChatDatabase, ann: Person, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_filling, "STEP", 2)
    says_many(ann, room, 7)
    empties_index(database)
    with pytest.raises(ZeroDivisionError):
        fill(database, CHARACTERS, pause=lambda _seconds: 1 // 0)
    assert progress(database, CHARACTERS) == (2, 7)
    seen: list[int] = []
    assert fill(database, CHARACTERS, report=lambda state: seen.append(state.indexed)) == 5
    assert seen == [4, 6, 7]
    assert len(found(ann, "tea")) == 7


def test_messages_change_while_the_index_is_filled(
    database: ChatDatabase, ann: Person, room: Room, old_server: OldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_filling, "STEP", 3)
    said = says_many(ann, room, 12)
    empties_index(database)
    steps = iter(range(99))

    def meanwhile(_seconds: float) -> None:
        if next(steps) == 1:  # the six newest are in the index
            ann.rewrites(said[11], "coffee 11")
            ann.rewrites(said[1], "coffee 1")
            ann.takes_back(said[10])
            ann.takes_back(said[2])
            old_server.rewrites(said[9].id, "coffee 9")
            old_server.rewrites(said[3].id, "coffee 3")
            old_server.takes_back(said[8].id)
            old_server.takes_back(said[4].id)
            ann.says("tea new", in_=room)
            old_server.says("tea old", ann, room)

    fill(database, CHARACTERS, pause=meanwhile)
    assert found(ann, "tea") == ["tea old", "tea new", "tea 7", "tea 6", "tea 5", "tea 0"]
    assert found(ann, "coffee") == ["coffee 11", "coffee 9", "coffee 3", "coffee 1"]
    assert progress(database, CHARACTERS).is_complete
    assert not {word for word in stored_words(database) if word in {"2", "4", "8", "10"}}


def test_a_message_that_changes_during_a_step_is_indexed_as_it_is(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    said = says_many(ann, room, 3)
    empties_index(database)

    class Meanwhile(PlainCharacters):
        """Let the author edit and delete messages after a step has read them."""

        def words(self, text: str) -> Sequence[Sequence[str]]:
            if text == "茶" and not said_then:
                ann.takes_back(said[1])
                said_then.append(ann.rewrites(said[0], "coffee"))
            return super().words(text)

    with database.writing():
        database.execute_sql("UPDATE message SET content = '茶' WHERE id = 3")
    said_then: list[Message] = []
    fill(database, Meanwhile())
    assert (found(ann, "tea"), found(ann, "coffee"), found(ann, "茶")) == ([], ["coffee"], ["茶"])
    ann.takes_back(said[0])
    assert "coffee" not in stored_words(database)


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)  # SQLite has one writer at a time
def test_a_step_waits_for_an_edit_that_is_not_yet_committed(database: ChatDatabase, ann: Person, room: Room) -> None:
    said = says_many(ann, room, 3)
    empties_index(database)
    with ThreadPoolExecutor(1) as pool:
        with database.writing():
            database.execute_sql(f"UPDATE message SET content = 'coffee' WHERE id = {said[1].id}")
            filled = pool.submit(fill, database, CHARACTERS)
            await_blocked(database)
        assert filled.result(PATIENCE) == 3
    assert (found(ann, "coffee"), found(ann, "tea")) == (["coffee"], ["tea 2", "tea 0"])
    assert "1" not in stored_words(database)


def await_blocked(database: ChatDatabase) -> None:
    """Wait until a connection to this database waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + PATIENCE
    while not shared().execute(waiting, database.database.partition("@/")[2].partition("?")[0]):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_messages_of_an_earlier_version_that_still_runs_are_found_at_once(
    database: ChatDatabase, ann: Person, room: Room, old_server: OldServer
) -> None:
    own = ann.says("green tea", in_=room).message
    indexes_the_last_messages(database)
    other = old_server.says("old tea", ann, room)
    assert found(ann, "tea") == ["old tea", "green tea"]
    old_server.rewrites(own.id, "black tea")
    old_server.rewrites(other, "cold tea")
    assert (found(ann, "green"), found(ann, "black"), found(ann, "old"), found(ann, "cold")) == (
        *([], ["black tea"], [], ["cold tea"]),
    )
    indexes_the_last_messages(database)
    assert found(ann, "tea") == ["cold tea", "black tea"]
    assert not {"green", "old"} & stored_words(database)


def test_a_message_that_an_earlier_version_deletes_is_not_found(
    database: ChatDatabase, ann: Person, room: Room, old_server: OldServer
) -> None:
    said = [ann.says("secret", in_=room).message.id, old_server.says("secret", ann, room)]
    for message_id in said:
        old_server.takes_back(message_id)
    assert found(ann, "secret") == []
    fill(database, CHARACTERS)
    assert "secret" not in stored_words(database)


def test_an_edit_by_this_version_indexes_a_message_of_an_earlier_one(
    database: ChatDatabase, chat: Chat, ann: Person, room: Room, old_server: OldServer
) -> None:
    message_id = old_server.says("old tea", ann, room)
    chat.services.messaging.edit(ann.id, message_id, "new tea")
    assert found(ann, "tea") == ["new tea"]
    assert progress(database, CHARACTERS).is_complete
    chat.services.messaging.delete(ann.id, message_id)
    assert not {"old", "new", "tea"} & stored_words(database)


def test_the_words_that_an_earlier_version_has_edited_away_leave_with_the_filling(
    database: ChatDatabase, ann: Person, room: Room, old_server: OldServer
) -> None:
    said = says_many(ann, room, 50)
    indexes_the_last_messages(database)
    for message in said[::2]:
        old_server.rewrites(message.id, "coffee")
    assert database.dialect.name == "postgres" or "48" in stored_words(database)
    assert fill(database, CHARACTERS) == 25
    assert not {"46", "48"} & stored_words(database)
    assert (len(found(ann, "coffee")), len(found(ann, "tea"))) == (25, 25)


def test_the_parts_of_the_index_are_merged_when_it_has_grown(
    database: ChatDatabase, ann: Person, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.dialect.name == "sqlite":
        monkeypatch.setattr(sqlite_message_index, "GROWTH", 50)
        index = message_index(database, CHARACTERS)
        says_many(ann, room, 50)
        assert not index.is_scattered()
        says_many(ann, room, 20)
        assert index.is_scattered()
        fill(database, CHARACTERS)
        assert not index.is_scattered()
        assert len(found(ann, "tea")) == 50


def test_messages_enter_the_index_by_the_dozen(database: ChatDatabase, ann: Person, room: Room) -> None:
    says_many(ann, room, 100)
    assert len(found(ann, "tea")) == 50
    if database.dialect.name == "sqlite":
        waiting = database.execute_sql("SELECT count(*) FROM message_behind").fetchone()[0]
        assert waiting < PENDING < len(stored_words(database))
    else:
        assert has_waiting_words(database)
        says_many(ann, room, 28)
        assert not has_waiting_words(database)


def has_waiting_words(database: ChatDatabase) -> bool:
    """Whether PostgreSQL's index has words that it has not merged. Merge them."""
    (pages,) = database.execute_sql("SELECT gin_clean_pending_list('message_word_lexemes')").fetchone()
    return bool(pages)


def test_no_word_of_a_deleted_or_edited_message_stays_in_the_index(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    message = ann.says("confidential tea 茶壶", in_=room).message
    ann.says("teapot 茶", in_=room)
    indexes_the_last_messages(database)
    assert {"confidential", "茶壶"} <= stored_words(database)
    ann.rewrites(message, "tea")
    assert not {"confidential", "茶壶"} & stored_words(database)
    ann.takes_back(message)
    assert found(ann, "t") == ["teapot 茶"]
    if database.dialect.name == "sqlite":
        blocks = database.execute_sql("SELECT block FROM message_word_data").fetchall()
        assert not [block for (block,) in blocks if b"confidential" in bytes(block)]


def test_the_words_of_a_very_long_message_leave_the_index_at_once_and_the_file_with_the_next_merging(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    words = [f"word{number}" for number in range(MAX_SECURELY_REMOVED // 2)]
    message = ann.says(" ".join(words), in_=room).message
    index = message_index(database, CHARACTERS)
    ann.rewrites(message, "tea")
    assert not index.is_scattered()
    message = ann.says(" ".join(f"{number:x}" for number in range(MAX_SECURELY_REMOVED)), in_=room).message
    ann.rewrites(message, "confidential " + " ".join(f"{number:x}q" for number in range(MAX_SECURELY_REMOVED)))
    ann.takes_back(message)
    assert index.is_scattered() == (database.dialect.name == "sqlite")
    assert found(ann, "1q") == found(ann, "confidential") == []
    fill(database, CHARACTERS)
    assert not index.is_scattered()
    assert not {"1q", "confidential"} & stored_words(database)


def test_a_long_message_does_not_wait_for_others_before_it_is_indexed(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    for content in ("tea", "long " * 60, "tea", "long " * 61, "语" * MAX_PENDING_LENGTH + "茶"):
        ann.says(content, in_=room)
    behind = database.execute_sql("SELECT message_id FROM message_behind ORDER BY message_id").fetchall()
    assert behind == ([(1,), (2,), (3,)] if database.dialect.name == "sqlite" else [])
    assert len(found(ann, "long")) == len(found(ann, "tea")) == 2
    if database.dialect.name == "postgres":
        assert has_waiting_words(database)
        message = ann.says(" ".join(f"{number:x}" for number in range(400)), in_=room).message
        assert not has_waiting_words(database)
        ann.rewrites(message, " ".join(f"{number:x}q" for number in range(400)))
        assert not has_waiting_words(database)
        assert len(found(ann, "17q")) == 1


def test_a_purge_removes_the_keys_of_removed_words_from_the_index(
    database: ChatDatabase, ann: Person, room: Room
) -> None:
    messages = [ann.says(content, in_=room).message for content in ("confidential", "private", "tea")]
    ann.takes_back(messages[0])
    ann.rewrites(messages[1], "coffee")
    if database.dialect.name == "postgres":
        assert b"confidentia" in index_file(database)
        assert purge(database, CHARACTERS)
        assert b"confidentia" not in index_file(database)
        assert b"privat" not in index_file(database)
    assert not purge(database, CHARACTERS)
    assert (found(ann, "coffee"), found(ann, "tea"), found(ann, "private")) == (["coffee"], ["tea"], [])


def index_file(database: ChatDatabase) -> bytes:
    """The index of the words on the disk."""
    database.execute_sql("CHECKPOINT")
    (path,) = database.execute_sql("SELECT pg_relation_filepath('message_word_lexemes')").fetchone()
    return Path(shared().folder, "data", path).read_bytes()


@pytest.mark.parametrize("version", ["this", "an earlier"])
def test_no_word_of_a_removed_room_stays_in_the_index_after_its_sweep(
    database: ChatDatabase, chat: Chat, ann: Person, room: Room, old_server: OldServer, version: str
) -> None:
    for _ in range(30):
        ann.says("confidential", in_=room)
    other = ann.makes_room("Other")
    ann.says("tea", in_=other)
    ann.deletes(room)
    if version == "an earlier":
        old_server.sweeps(room)
    chat.clock.advance(30 * 86_400)
    for _kind, _removed in chat.services.retention.apply():
        pass
    fill(database, CHARACTERS)
    assert "confidential" not in stored_words(database)
    assert found(ann, "tea") == ["tea"]
