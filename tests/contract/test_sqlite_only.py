"""Guarantees on SQLite beyond the ports: durability, turns to write, and queries that never scan a table."""

import gc
import multiprocessing
import re
import shutil
import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError

from contract.statements import lists_of_the_administration, statements_of
from minichat.adapters.media import FileMedia
from minichat.adapters.memory import (
    MemoryClock,
    MemoryNoticeBoard,
    MemoryTally,
    PlainCharacters,
    PlainCipher,
    PlainCodes,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.adapters.peewee import open_database, tables
from minichat.adapters.peewee.engine import write_queue as queue_module
from minichat.adapters.peewee.operations import migrate
from minichat.adapters.peewee.operations.reindex import reindex
from minichat.adapters.peewee.ports import peewee_ports
from minichat.adapters.peewee.stores.name_index import name_parts
from minichat.adapters.peewee.stores.users import PeeweeUserStore
from minichat.domain.errors import Unavailable
from minichat.domain.model import AuditEntry, AuditEvent, Device, NewMessage, NewRoom, NewUser, Role, RoomKind
from minichat.domain.paging import Window
from minichat.domain.search import name_query, searchable_names

cysqlite: Any = import_module("cysqlite")  # it does not declare its exports to a type checker


@pytest.fixture
def database(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/chat.sqlite3")
    migrate.upgrade(database)
    yield database
    database.close_connections()


@pytest.fixture
def ports(database, tmp_path):
    return peewee_ports(
        database,
        clock=MemoryClock(),
        password_hasher=PlainPasswords(),
        one_time_codes=PlainCodes(),
        secret_cipher=PlainCipher(),
        characters=PlainCharacters(),
        username_key=username_key,
        mixes_scripts=mixes_scripts,
        is_common_password=is_common_password,
        email_address=email_address,
        picture_processor=PlainPictures(),
        media_store=FileMedia(tmp_path / "avatars"),
        notice_board=MemoryNoticeBoard(),
        tally=MemoryTally(),
    )


def test_the_sqlite_is_one_without_the_wal_reset_race():
    assert cysqlite.sqlite_version_info > (3, 51, 2)


def test_a_commit_is_synced_before_it_is_acknowledged(database):
    with database.writing():
        assert database.execute_sql("PRAGMA synchronous").fetchone() == (2,)
        assert database.execute_sql("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)


def test_the_models_name_exactly_the_columns_that_the_migrations_make(database):
    for model in tables.ALL:
        made = {
            column.name: column.null and not column.primary_key
            for column in database.get_columns(model._meta.table_name)
        }
        named = {field.column_name: field.null for field in model._meta.sorted_fields}
        assert named == made, model


def test_migrating_twice_at_once_applies_each_migration_once(tmp_path):
    url = f"sqlite:///{tmp_path}/new.sqlite3"
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        applied = pool.map(_upgrade, [url] * 3)
    assert sorted(map(len, applied)) == [0, 0, len(migrate.status(open_database(url)))]
    with closing(open_database(url)) as database:
        assert all(is_applied for _, is_applied in migrate.status(database))


def test_names_from_before_a_migration_are_found_like_new_ones(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path}/old.sqlite3")) as database:
        database.create()
        migrate.runner(database).up("0002_accounts")
        names = [("Νίκος", "νίκος", "İpek Iğdır", "İ" * 150), ("bob", "bob", "Bob", ""), ("Σας", "σας", "", "")]
        for number, (username, key, first_name, last_name) in enumerate(names, 1):
            database.execute_sql(
                "INSERT INTO user (username, username_key, password_hash, first_name, last_name, joined_at) "
                "VALUES (?, ?, 'h', ?, ?, 1)",
                (username, key, first_name, last_name),
            )
            user = f"{first_name} {last_name}".strip()
            for name in {username, first_name, last_name, user} - {""}:
                folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())[:310]
                for start in range(len(folded)):
                    row = (start == 0, folded[start : start + 128], number)
                    database.execute_sql("INSERT OR IGNORE INTO user_name_part VALUES (?, ?, ?)", row)
        database.execute_sql("INSERT INTO freed_name VALUES ('άννας', 9000)")
        migrate.upgrade(database)
        characters = PlainCharacters()
        reindex(database, characters)
        users = PeeweeUserStore(database, characters)
        assert [user.username_key for user in users.page(Window(9))] == ["bob", "νίκοσ", "σασ"]
        assert users.is_taken("άννασ", 1)
        for query in ("ipek iğ", "i" * 100, "νίκοσ"):
            assert [user.id for user in users.search(name_query(query, characters), 9, without=0)] == [1]
        account = users.get(1)
        assert account is not None
        stored = database.execute_sql("SELECT is_start, part FROM user_name_part WHERE user_id = 1").fetchall()
        assert {(bool(is_start), part) for is_start, part in stored} == name_parts(
            searchable_names(account, characters)
        )


def _upgrade(url):
    return migrate.upgrade(open_database(url))


def test_no_statement_scans_a_whole_table(database, ports):
    # Some names are subqueries. `message_behind` has the messages that an earlier version has just written.
    small = (
        r"json_each|sqlite_sequence|message_indexing|message_behind|CONSTANT ROW|\(subquery|kind|first\b|walk|"
        r"head\b|nearest"
    )
    walks = re.compile(rf"SCAN (?!{small}|(room|given|asked|message_word|one|other) VIRTUAL)")
    checked = 0
    for store in ports:
        for name, statement in statements_of(store):
            # The plan of an INSERT contains a search for the children of a missing parent, which never happens.
            if not statement.sql.startswith("INSERT"):
                plan = _plan_of(database, statement)
                assert not [step for step in plan if walks.search(step)], (name, plan)
                checked += 1
    assert checked > 80


def test_each_list_of_the_administration_reads_one_index_in_its_order(database, ports):
    for index, statement in lists_of_the_administration(ports).items():
        plan = _plan_of(database, statement)
        assert len(plan) == 1, plan
        assert re.search(rf"USING INDEX {index} ", plan[0]), plan


def test_a_query_of_common_words_looks_at_a_bounded_number_of_people(database, ports, monkeypatch):
    monkeypatch.setattr("minichat.adapters.peewee.stores.name_index.FEW", 5)
    monkeypatch.setattr("minichat.adapters.peewee.stores.name_index.MAX_LOOKED_AT", 20)
    with ports.transaction():
        for number in range(120):
            name = "Smith" if number % 2 else "Jones"
            ports.user_store.add(NewUser(f"user{number}", f"user{number}", "hash", name, "", "", joined_at=1))
    queries: list[Any] = []
    database.query_hooks.append(queries.append)
    assert ports.user_store.search(name_query("smith jones", PlainCharacters()), 1, without=0) == []
    assert len(queries) < 20


def _plan_of(database, statement):
    """Return the steps of SQLite's plan."""
    names = [name or "" for name, _ in statement._compiled[1]]
    values = ["[1]" if name.endswith("ids") or name == "urls" else 1 for name in names]
    return [step for *_, step in database.execute_sql(f"EXPLAIN QUERY PLAN {statement.sql}", values).fetchall()]


def test_a_known_device_is_looked_up_by_an_index(database, ports):
    statement = ports.session_store._is_known_device
    plan = _plan_of(database, statement)
    assert [step for step in plan if "(user_id=? AND network=? AND user_agent=?)" in step], plan


def test_reactions_are_counted_without_reading_them(database, ports):
    plan = _plan_of(database, ports.reaction_store._counts)
    groups, first_users, viewers = (step for step in plan if " reaction USING " in step)
    assert groups == "SEARCH reaction USING COVERING INDEX reaction_kind (message_id=?)"
    assert first_users == "SEARCH reaction USING INDEX reaction_kind (message_id=? AND emoji=?)"
    assert "COVERING INDEX" in viewers, viewers
    assert viewers.endswith("(message_id=? AND emoji=? AND user_id=?)")


def test_an_author_of_a_room_is_found_by_indexes_alone(database, ports):
    plan = _plan_of(database, ports.message_store._has_author)
    named, unnamed = [step for step in plan if " message " in step]
    assert named.startswith("SEARCH message USING COVERING INDEX message_client_id ("), plan
    assert unnamed.startswith("SEARCH message USING INDEX message_author ("), plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_the_newest_messages_of_a_user_are_found_by_an_index_alone(database, ports):
    plan = [step for step in _plan_of(database, ports.message_store._sent_since) if "message_user" in step]
    assert plan == ["SEARCH message USING COVERING INDEX message_user (user_id=? AND id<?)"] * 2


def test_message_windows_and_pages_need_no_sorting(database, ports):
    messages, users = ports.message_store, ports.user_store
    statements = [messages._newest, messages._before, messages._after, users._names._matches]
    statements += [ports.membership_store._first_with_role, ports.ban_store._all_of]
    for pages in (users._pages, ports.membership_store._pages, ports.ban_store._pages, ports.room_store._public):
        statements += [pages.onward, pages.back]
    for statement in statements:
        plan = _plan_of(database, statement)
        assert not [step for step in plan if "TEMP B-TREE" in step], (statement.sql, plan)


def test_a_lock_of_another_program_is_reported_in_bounded_time_and_then_all_works(database, tmp_path, monkeypatch):
    monkeypatch.setattr("minichat.adapters.peewee.engine.sqlite.PATIENCE_SECONDS", 0.1)
    other = cysqlite.connect(str(tmp_path / "chat.sqlite3"))
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(Unavailable), database.writing():
        pytest.fail("the lock was not ours")
    assert time.monotonic() - started < 2
    assert database.execute_sql("SELECT count(*) FROM user").fetchone() == (0,), "reads go on"
    other.execute("ROLLBACK")
    with database.writing():
        database.execute_sql("DELETE FROM user")
    other.close()


def remove_all(file):
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def replace_by_a_copy(file):
    copied = shutil.copy(file, file.with_name("copy"))
    Path(copied).replace(file)


@pytest.mark.parametrize(
    "lose",
    [
        remove_all,
        lambda file: file.unlink(),
        lambda file: file.rename(file.with_name("away")),
        replace_by_a_copy,
        lambda file: file.with_name(f"{file.name}-wal").unlink(),
        lambda file: file.with_name(f"{file.name}-shm").unlink(),
    ],
    ids=["all removed", "file removed", "file renamed", "file replaced", "log removed", "index of the log removed"],
)
def test_no_write_is_acknowledged_into_a_file_that_has_lost_its_name(database, tmp_path, lose):
    with database.writing():
        database.execute_sql("DELETE FROM user")
    lose(tmp_path / "chat.sqlite3")
    with pytest.raises(Unavailable, match="removed or replaced"), database.writing():
        pytest.fail("the file was gone")
    with pytest.raises(Unavailable, match="removed or replaced"):
        database.ping()
    assert database.execute_sql("SELECT count(*) FROM user").fetchone() == (0,), "reads go on"


def test_writes_go_on_when_a_moved_database_is_back(database, tmp_path):
    file, away = tmp_path / "chat.sqlite3", tmp_path / "away"
    file.rename(away)
    with pytest.raises(Unavailable), database.writing():
        pytest.fail("the file was gone")
    away.rename(file)
    with database.writing():
        database.execute_sql("DELETE FROM user")
    database.ping()


def test_a_second_connection_neither_creates_a_removed_file_nor_opens_another(database, tmp_path):
    database.ping()
    remove_all(tmp_path / "chat.sqlite3")
    with ThreadPoolExecutor(1) as other, pytest.raises(Unavailable, match="removed or replaced"):
        other.submit(database.ping).result()
    assert not (tmp_path / "chat.sqlite3").exists()


@pytest.mark.parametrize("name", ["chat.sqlite3", "a b?mode=rwc#c%20d.sqlite3", "file:chat.sqlite3", ":memory:"])
def test_only_a_migration_creates_the_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for url in (f"sqlite:///{name}", f"sqlite:///{tmp_path}/{name}"):
        with closing(open_database(url)) as database:
            with pytest.raises(Unavailable, match="unable to open"):
                database.ping()
            with pytest.raises(Unavailable, match="unable to open"), database.writing():
                pytest.fail("there is no file")
            assert {path.name for path in tmp_path.iterdir()} <= {f"{name}-turns"}
            migrate.upgrade(database)
            database.ping()
            assert (tmp_path / name).is_file()
            database.close_connections()
        for file in tmp_path.iterdir():
            file.unlink()


def test_a_worker_that_starts_while_the_file_is_away_serves_when_it_is_back(database, tmp_path):
    file, away = tmp_path / "chat.sqlite3", tmp_path / "away"
    database.close_connections()
    file.rename(away)
    with closing(open_database(f"sqlite:///{file}")) as started:
        with pytest.raises(Unavailable):
            started.ping()
        assert not file.exists()
        away.rename(file)
        started.ping()
        with started.writing():
            started.execute_sql("DELETE FROM user")
        started.close_connections()


def test_a_closed_database_can_be_replaced(database, tmp_path):
    database.close_connections()
    replace_by_a_copy(tmp_path / "chat.sqlite3")
    with database.writing():
        database.execute_sql("DELETE FROM user")
    database.ping()


def test_a_writer_waits_for_another_program_that_lets_go_soon(database, tmp_path):
    other = cysqlite.connect(str(tmp_path / "chat.sqlite3"))
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.1, other.execute, ["ROLLBACK"]).start()
    with database.writing():
        database.execute_sql("DELETE FROM user")
    other.close()


def test_turns_are_held_by_one_at_a_time_across_threads_and_processes(tmp_path):
    path, count = tmp_path / "turns", tmp_path / "count"
    count.write_text("0")
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    workers = [context.Process(target=_count_up, args=(path, count, start)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert count.read_text() == str(3 * 4 * 50)


def _count_up(path, count, start):
    turns = queue_module.WriteQueue(path)

    def work():
        for _ in range(50):
            with turns.turn():
                count.write_text(str(int(count.read_text()) + 1))

    start.wait(60)  # otherwise a process could be done before the next one begins
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_writer_that_times_out_does_not_block_the_next_one(tmp_path):
    turns, other = queue_module.WriteQueue(tmp_path / "turns"), queue_module.WriteQueue(tmp_path / "turns")
    with other.turn(), pytest.raises(Unavailable), turns.turn(patience_seconds=0.05):
        pytest.fail("it was not our turn")
    with turns.turn():
        assert turns.queue.waiting == 0


@pytest.mark.parametrize("place", ["gone/turns", "file/turns", "folder"])
def test_a_lock_file_that_cannot_be_opened_refuses_writers(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    turns = queue_module.WriteQueue(tmp_path / place)
    for _ in range(2):
        with pytest.raises(Unavailable, match="write lock"), turns.turn():
            pytest.fail("there is no lock")
    assert turns.queue.waiting == 0


def test_a_queue_that_is_full_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(queue_module, "MAX_WAITING", 0)
    started = time.monotonic()
    turns = queue_module.WriteQueue(tmp_path / "turns")
    with turns.turn(), pytest.raises(Unavailable), turns.turn():
        pytest.fail("the queue was full")
    assert time.monotonic() - started < 3


def test_a_transaction_of_one_thread_is_unseen_by_others_until_it_commits(database, ports):
    seen = []

    def look():
        seen.append(ports.user_store.credentials("ann"))
        database.close_connections()

    with database.writing():
        database.execute_sql(
            "INSERT INTO user (username, username_key, password_hash, joined_at) VALUES ('ann', 'ann', 'h', 1)"
        )
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    look()
    assert seen[0] is None
    assert seen[1].user.username == "ann"


def test_the_schema_rejects_two_accounts_of_one_name(database):
    insert = "INSERT INTO user (username, username_key, password_hash, joined_at) VALUES (?, 'ann', 'h', 1)"
    with database.writing():
        database.execute_sql(insert, ("ann",))
    with pytest.raises(IntegrityError), database.writing():
        database.execute_sql(insert, ("Ann",))


def test_a_database_that_has_no_tables_is_not_ready(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path}/empty.sqlite3")) as empty:
        empty.create()
        with pytest.raises(Unavailable, match="no such table"):
            empty.ping()


def test_threads_that_end_leave_the_database_usable(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/chat.sqlite3")
    migrate.upgrade(database)
    database.close_connections()

    def work():
        with database.writing():
            database.execute_sql("DELETE FROM attempt")

    for _ in range(2):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()
        gc.collect()
        assert not (tmp_path / "chat.sqlite3-wal").exists(), "SQLite has removed the log with the last connection"


def test_only_the_owner_can_access_the_database_files(database, tmp_path):
    with database.writing():
        database.execute_sql("DELETE FROM user")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("chat.sqlite3*")}
    assert len(modes) > 2
    assert set(modes.values()) == {0o600}, modes


def test_sweeping_a_removed_room_deletes_all_rows_despite_replies(database, ports):
    with database.writing():
        for name in ("ann", "bob"):
            database.execute_sql(
                "INSERT INTO user (username, username_key, password_hash, joined_at) VALUES (?, ?, 'h', 1)",
                (name, name),
            )
    rooms = {}
    for removed_at in (1_000, 1_001, 5_000, None):
        with ports.transaction():
            room = ports.room_store.add(NewRoom("Room", "", RoomKind.GROUP, False, 1)).id
            for user_id in (1, 2):
                ports.membership_store.add(room, user_id, Role.MEMBER, 0)
                ports.ban_store.add(room, user_id, 1, 1)
            first = last = ports.message_store.append(NewMessage(room, 1, "first", 1)).id
            for number in range(9):
                answered = first if number % 2 else last
                last = ports.message_store.append(NewMessage(room, 2, str(number), 1, reply_to=answered)).id
            if removed_at is not None:
                ports.room_store.remove(room, removed_at)
        rooms[removed_at] = room
    swept: list[int] = []
    while not swept or swept[-1]:
        with ports.transaction():
            swept.append(ports.room_store.sweep(1_001, 4))
    assert max(swept) == 4
    assert sum(swept) == 2 * (10 + 2 + 2 + len("room") + 1)
    parts_of_room = [(table, "room_id") for table in ("message", "participant", "ban", "room_name_part")]
    for table, column in (*parts_of_room, ("room", "id")):
        left = database.execute_sql(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1").fetchall()
        assert [row[0] for row in left] == [rooms[5_000], rooms[None]], table
    assert database.execute_sql("PRAGMA foreign_key_check").fetchall() == []


def test_no_program_can_rewrite_the_audit_log_or_delete_recent_entries(database, ports, tmp_path):
    now = time.time_ns() // 1_000_000
    ages = {days: now - days * 86_400_000 for days in (31, 29, 0)}
    with ports.transaction():
        for at in ages.values():
            ports.audit_store.record(AuditEntry(AuditEvent.LOGGED_IN, at, 1, 1, 1, Device()))
    with closing(cysqlite.connect(str(tmp_path / "chat.sqlite3"))) as other:
        for statement in (
            "UPDATE audit SET user_id = 2",
            "REPLACE INTO audit SELECT id, at, event, 9, 9, 9, ip, user_agent, detail FROM audit WHERE id = 3",
            "DELETE FROM audit",
            f"DELETE FROM audit WHERE at = {ages[29]}",
        ):
            with pytest.raises(cysqlite.IntegrityError, match="append-only"):
                other.execute(statement)
        assert other.execute("SELECT id, user_id FROM audit").fetchall() == [(1, 1), (2, 1), (3, 1)]
    with ports.transaction():
        assert ports.audit_store.sweep(ages[31], 9) == 1
    with pytest.raises(IntegrityError, match="append-only"), ports.transaction():
        ports.audit_store.sweep(now, 9)
    assert [entry.at for entry in ports.audit_store.page(9)] == [ages[0], ages[29]]
