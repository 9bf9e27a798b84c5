"""Guarantees on PostgreSQL beyond the ports: concurrent transactions, and outages of the server."""

import multiprocessing
import random
import re
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql

import postgres
from builders import PASSWORD, undone
from contract.backends import on_postgres
from contract.statements import lists_of_the_administration, statements_of
from folders import memory_parent
from minichat.adapters.memory import PlainCharacters
from minichat.adapters.peewee import open_database, tables
from minichat.adapters.peewee.engine import connections
from minichat.adapters.peewee.engine import pool as pool_module
from minichat.adapters.peewee.engine import postgres as adapter
from minichat.adapters.peewee.engine.locks import in_order
from minichat.adapters.peewee.engine.pool import Pool
from minichat.adapters.peewee.operations import demo, migrate
from minichat.adapters.peewee.stores import postgres_message_search
from minichat.domain.errors import Unavailable
from minichat.domain.message_words import MAX_INDEXED_LENGTH, message_query
from minichat.domain.model import (
    Change,
    ChangeKind,
    Message,
    NewMessage,
    NewRoom,
    NewUser,
    ReadableRoom,
    Role,
    RoomKind,
)
from minichat.domain.ports.transactions import Locks
from minichat.domain.services import build
from minichat.domain.sessions import Lifetimes


@pytest.fixture(scope="module")
def server():
    with postgres.running_postgres("fsync=off") as server:  # a restart would sync a large database
        yield server


@pytest.fixture
def database(server):
    with closing_all(open_database(server.migrated())) as database:
        yield database
    server.go_on()


@pytest.fixture
def ports(database, tmp_path):
    return on_postgres(database, tmp_path)


class closing_all(closing[Any]):  # noqa: N801 - a context manager, as `closing` is
    def __init__(self, database):
        super().__init__(database)
        self._database = database

    def __exit__(self, *_):
        self._database.close_connections()


@pytest.fixture
def ann(ports):
    with ports.transaction():
        return ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", joined_at=1))


@pytest.fixture
def rooms(ports, ann):
    """Two rooms of Ann's."""
    with ports.transaction():
        rooms = [ports.room_store.add(NewRoom(name, "", RoomKind.GROUP, False, 1)) for name in ("Kitchen", "Hall")]
        for room in rooms:
            ports.membership_store.add(room.id, ann.id, Role.OWNER, 0)
    return [room.id for room in rooms]


def say(ports, user, room_id, content="hello"):
    return ports.message_store.append(NewMessage(room_id, user.id, content, 1, None, None))


class Beside:
    """Another transaction, one step at a time. It runs in a thread, because a thread has one transaction at a time."""

    def __init__(self, ports, **locks):
        self._ports, self._locks = ports, locks
        self._steps, self._done = [], threading.Semaphore(0)
        self._more = threading.Semaphore(0)
        self.error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            with self._ports.transaction(**self._locks):
                while True:
                    self._more.acquire()
                    step = self._steps.pop(0)
                    if step is None:
                        break
                    step()
                    self._done.release()
        except Unavailable as error:
            self.error = error
        self._done.release()

    def begins(self, step):
        self._steps.append(step)
        self._more.release()

    def does(self, step):
        self.begins(step)
        self._done.acquire(timeout=20)

    def ends(self):
        self._steps.append(None)
        self._more.release()
        self._thread.join(20)


# The schema


def test_the_models_name_columns_that_the_migrations_make(database):
    own = {"message": {"settled_by", "is_indexed"}, "change": {"xid"}}
    for model in tables.ALL:
        table = model._meta.table_name
        made = {column.name: column.null for column in database.get_columns(table)}
        named = {field.column_name: field.null for field in model._meta.sorted_fields}
        assert {name: null for name, null in made.items() if name not in own.get(table, ())} == named, model


def test_migrating_twice_at_once_applies_each_migration_once(server):
    url = server.url()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        applied = pool.map(upgrade, [url] * 3)
    every = [path for folder in ("postgres", "both") for path in (migrate.MIGRATIONS / folder).glob("0*.py")]
    assert sorted(map(len, applied)) == [0, 0, len(every)]


def upgrade(url):
    with closing_all(open_database(url)) as database:
        return migrate.upgrade(database)


def test_a_role_that_may_make_no_tables_may_serve(server, database, tmp_path):
    role = f"server_of_{name_of(database)}"
    for statement in (
        f"CREATE ROLE {role} LOGIN",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ):
        server.execute(statement, name_of(database))
    with closing_all(open_database(server.address(name_of(database)).replace("//minichat@", f"//{role}@"))) as served:
        assert migrate.upgrade(served) == []
        ports = on_postgres(served, tmp_path)
        with ports.transaction():
            ann = ports.user_store.add(NewUser("ann", "ann", "hash", "", "", "", joined_at=1))
            room = ports.room_store.add(NewRoom("Kitchen", "", RoomKind.GROUP, False, 1))
            assert ann is not None
            assert room is not None
            ports.membership_store.add(room.id, ann.id, Role.OWNER, 0)
            for _ in range(64):  # some of them merge words into the search index
                assert say(ports, ann, room.id)


def test_a_schema_of_a_newer_version_is_left_alone(database):
    database.execute_sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())")
    with pytest.raises(migrate.SchemaTooNew, match="it has the migration 9999_future of a newer version"):
        migrate.upgrade(database)
    with pytest.raises(migrate.SchemaTooNew):
        migrate.status(database)


def test_a_server_older_than_the_minimum_version_is_rejected(server, monkeypatch):
    monkeypatch.setattr(connections, "OLDEST_VERSION", 19)
    with pytest.raises(Unavailable, match="the server is PostgreSQL 18, and minichat needs 19 or newer"):
        upgrade(server.url())


def test_an_older_server_works_too(tmp_path):
    with postgres.running_postgres(version=16) as server, closing_all(open_database(server.url())) as database:
        migrate.upgrade(database)
        ports = on_postgres(database, tmp_path)
        with ports.transaction():
            ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 1, 1))
        assert len(ports.change_store.after(ports.change_store.ends().first, 9)) == 1


def test_a_database_in_another_encoding_is_not_used(server):
    server.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    with pytest.raises(Unavailable, match="the database has the encoding LATIN1, and minichat needs UTF8"):
        upgrade(server.address("latin"))


def test_a_malformed_url_is_reported_without_the_password():
    with pytest.raises(ValueError, match="PostgreSQL's client does not understand") as told:
        open_database("postgresql://chat:hunter2@db/chat?no_such_option=1")
    assert "hunter2" not in str(told.value)


def test_the_audit_log_is_append_only_for_every_program(database):
    database.execute_sql(
        "INSERT INTO audit (at, event, ip, user_agent, detail) "
        "VALUES (extract(epoch FROM now()) * 1000, 'x', '', '', '{}'), (1, 'x', '', '', '{}')"
    )
    for statement in ("UPDATE audit SET event = 'y'", "DELETE FROM audit WHERE at > 1", "TRUNCATE audit"):
        with pytest.raises(Exception, match="append-only"):
            database.execute_sql(statement)
    assert database.execute_sql("DELETE FROM audit WHERE at = 1").rowcount == 1, "what is old may go"


# Concurrent transactions


def test_the_log_ends_before_the_oldest_running_transaction(ports):
    start = ports.change_store.ends().last
    early = Beside(ports)
    early.does(lambda: ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 1, 1)))
    with ports.transaction():
        ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 2, 1))
    assert list(ports.change_store.after(start, 9)) == []
    cursor = ports.change_store.ends().last
    early.ends()
    for place in (start, cursor):
        assert [change.room_id for _, change in ports.change_store.after(place, 9)] == [1, 2]


def test_a_list_across_rooms_ends_before_the_first_message_that_may_still_come(ports, ann, rooms):
    kitchen, hall = rooms
    slow = Beside(ports)
    slow.does(lambda: say(ports, ann, kitchen, "first"))
    with ports.transaction():
        say(ports, ann, hall, "second")
    assert list(ports.message_store.latest_before(ann.id, None, 9)) == []
    assert [message.content for message in ports.message_store.before(hall, None, 9)] == ["second"]
    slow.ends()
    newest = ports.message_store.latest_before(ann.id, None, 9)
    assert [message.content for message in newest] == ["first", "second"]
    assert ports.message_store.latest_after(ann.id, 0, 9) == newest


@pytest.mark.parametrize("reads_first", [False, True])
def test_a_room_lock_blocks_changes_of_its_room_only(server, ports, ann, rooms, reads_first):
    kitchen, hall = rooms
    seen = []
    with ports.transaction(room=kitchen, reads_first=reads_first):
        _, membership = ports.room_store.access(kitchen, ann.id)
        elsewhere = Beside(ports, room=hall, reads_first=reads_first)
        elsewhere.does(lambda: say(ports, ann, hall))
        elsewhere.ends()
        waiting = Beside(ports, room=kitchen, reads_first=reads_first)
        waiting.begins(lambda: seen.append(ports.room_store.access(kitchen, ann.id)[1]))
        await_waiting(server, 1)
        ports.membership_store.remove(membership)
    waiting.ends()
    assert seen == [None], "the waiting transaction sees the change"


def test_a_transaction_that_waited_for_a_room_is_logged_after_the_holder(server, ports, ann, rooms):
    start = ports.change_store.ends().last
    kitchen, _ = rooms
    with ports.transaction(room=kitchen):
        joining = Beside(ports, room=kitchen, shared_accounts=[ann.id])
        await_waiting(server, 1)
        ports.change_store.record(Change(ChangeKind.PARTICIPANT_LEFT, kitchen, 1, ann.id))
    joining.does(lambda: ports.change_store.record(Change(ChangeKind.PARTICIPANT_JOINED, kitchen, 1, ann.id)))
    joining.ends()
    kinds = [change.kind for _, change in ports.change_store.after(start, 9)]
    assert kinds == [ChangeKind.PARTICIPANT_LEFT, ChangeKind.PARTICIPANT_JOINED]


@pytest.mark.parametrize(
    ("held", "wanted", "waits"),
    [
        ({"account": 7}, {"account": 7}, True),
        ({"account": 7}, {"shared_accounts": [7, 8]}, True),
        ({"shared_accounts": [7, 8]}, {"shared_accounts": [8]}, False),
        ({"shared_accounts": [7], "account": 7}, {"shared_accounts": [7]}, True),
        ({"account": 7}, {"room": 7}, False),
        ({"rooms": [5, 6]}, {"room": 6}, True),
        ({"attempts": ["one"]}, {"attempts": ["two", "one"]}, True),
        ({"attempts": ["one"]}, {"attempts": ["two"]}, False),
        ({"attempts": [r"O'Hara \' é {0} %s; --"]}, {"attempts": [r"O'Hara \' é {0} %s; --"]}, True),
        ({"account": 2**31 + 3}, {"account": 2**31 + 3}, True),
    ],
)
def test_locks_exclude_one_another(ports, held, wanted, waits):
    def begins():
        try:
            with ports.transaction(patience_seconds=0.2, **wanted):
                return True
        except Unavailable:
            return False

    with ports.transaction(**held), ThreadPoolExecutor(1) as pool:
        assert pool.submit(begins).result(20) is not waits


def test_a_transaction_that_reads_first_holds_its_locks_from_then_on(ports, ann, rooms):
    def begins():
        try:
            with ports.transaction(patience_seconds=0.2, room=rooms[0], reads_first=True):
                return ports.room_store.access(rooms[0], ann.id) is not None
        except Unavailable:
            return False

    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):  # the first time prepares the statement
            with ports.transaction(room=rooms[0], reads_first=True):
                assert pool.submit(begins).result(20)
                assert ports.room_store.access(rooms[0], ann.id)[0].id == rooms[0]
                assert not pool.submit(begins).result(20)


def test_a_transaction_that_reads_first_works_again_after_a_rollback(ports, ann, rooms):
    for number in range(1, 8):  # psycopg prepares at the sixth use, and deallocates at a rollback
        with suppress(KeyError), ports.transaction(room=rooms[0], reads_first=True):
            assert ports.room_store.access(rooms[0], ann.id)[0].last_seq == number - 1
            say(ports, ann, rooms[0])
            raise KeyError
        with ports.transaction(room=rooms[0], reads_first=True):
            assert ports.room_store.access(rooms[0], ann.id)[0].last_seq == number - 1
            say(ports, ann, rooms[0])


def test_rollbacks_close_no_connection_and_leave_no_prepared_statements_behind(database, ports, ann, rooms):
    def session():
        with ports.transaction():
            count = "SELECT pg_backend_pid(), count(*) FROM pg_prepared_statements WHERE name LIKE 'first%'"
            return database.execute_sql(count).fetchone()

    def reads_first(*, fails=False):
        with suppress(KeyError), ports.transaction(room=rooms[0], reads_first=True):
            ports.room_store.access(rooms[0], ann.id)
            if fails:
                raise KeyError

    def repeats_a_message():
        with ports.transaction(room=rooms[0], reads_first=True):
            ports.room_store.access(rooms[0], ann.id)
            once = NewMessage(rooms[0], ann.id, "once", 1, "id", None)
            return ports.message_store.append(once)

    reads_first()
    before = session()
    assert before[1] == 1
    repeats_a_message()
    for number in range(30):  # psycopg deallocates all prepared statements at some rollbacks
        for _ in range(number % 8):
            reads_first()
        reads_first(fails=True)
        repeats_a_message()  # rolls back to a savepoint
        reads_first()
        assert session() == before, number


def test_a_transaction_can_begin_with_any_statement_or_none(database, ports, ann, rooms):
    for _ in range(2):
        with ports.transaction(room=rooms[0], reads_first=True):
            assert ports.message_store.by_client_id(rooms[0], ann.id, "no id") is None
        with ports.transaction(room=rooms[0], reads_first=True):
            assert database.execute_sql("SELECT count(*) FROM room").fetchone() == (2,)
        with ports.transaction(room=rooms[0], reads_first=True):
            ports.change_store.record(Change(ChangeKind.ROOM_CREATED, rooms[0], 1))
        with ports.transaction(room=rooms[0], reads_first=True):
            pass
        with pytest.raises(KeyError), ports.transaction(room=rooms[0], reads_first=True):
            raise KeyError
    assert len(ports.change_store.after(ports.change_store.ends().first, 9)) == 2


def test_a_message_does_not_wait_for_changes_of_superusers(ports, ann, rooms):
    def send():
        with ports.transaction(patience_seconds=0.2, room=rooms[0]):
            return say(ports, ann, rooms[0])

    with ports.transaction(superusers=True), ThreadPoolExecutor(1) as pool:
        assert pool.submit(send).result(20)


def test_every_transaction_acquires_its_locks_in_one_order():
    requested = Locks(account=8, shared_accounts=[9, 8, 2], room=5, rooms=[7, 4], attempts=["b", "a"])
    assert in_order(requested) == [
        ("shared account", 2),
        ("account", 8),
        ("shared account", 9),
        ("room", 4),
        ("room", 5),
        ("room", 7),
        ("attempts", "a"),
        ("attempts", "b"),
    ]


def test_transactions_that_lock_the_same_rooms_do_not_wait_for_each_other_in_a_circle(ports, ann, rooms):
    def say_everywhere(order):
        for _ in range(25):
            with ports.transaction(shared_accounts=[ann.id], rooms=order):
                for room in order:
                    say(ports, ann, room)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(say_everywhere, order) for order in (rooms, rooms[::-1])]:
            done.result(60)
    assert [ports.room_store.access(room, ann.id)[0].last_seq for room in rooms] == [50, 50]


def test_a_deadlock_rolls_one_transaction_back_as_a_conflict(ports, ann, rooms):
    kitchen, hall = rooms
    other, errors = Beside(ports), []
    other.does(lambda: say(ports, ann, hall))
    try:
        with ports.transaction():
            say(ports, ann, kitchen)
            other.begins(lambda: say(ports, ann, kitchen))
            say(ports, ann, hall)
    except Unavailable as error:
        errors.append(error)
    other.ends()
    errors += [other.error] if other.error else []
    assert [error.is_conflict for error in errors] == [True], errors
    assert sum(ports.room_store.access(room, ann.id)[0].last_seq for room in rooms) == 2


def test_a_join_and_an_addition_at_once_do_not_deadlock(server, ports):
    services = build(ports, Lifetimes(), chain_keys=[b"a key of 32 bytes, as for a test"])
    ann, bob = (services.registration.register(name, PASSWORD)[0] for name in ("anna", "bobo"))
    room = services.rooms.create(ann.id, "Kitchen").view.room.id
    with ThreadPoolExecutor() as pool:
        with ports.transaction(room=room):
            both: list[Future[Any]] = [pool.submit(services.moderation.add, ann.id, room, bob.id)]
            await_waiting(server, 1)
            both.append(pool.submit(services.participation.join, bob.id, room))
            await_waiting(server, 2)
        assert [future.exception() for future in both] == [None, None]
    assert ports.room_store.access(room, bob.id)[0].participants_count == 2


def await_waiting(server, count):
    """Wait until the given number of connections wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
    deadline = time.monotonic() + 20
    while server.execute(waiting) != [(count,)]:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_position_survives_a_crash_that_undoes_the_last_numbers_of_transactions(tmp_path):
    with (
        postgres.running_postgres("fsync=off", "wal_writer_delay=10s", parent=memory_parent()) as server,
        closing_all(open_database(server.url())) as database,
    ):
        migrate.upgrade(database)
        ports = on_postgres(database, tmp_path)
        with ports.transaction():
            ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 1, 1))
        for _ in range(3):
            with undone(ports):
                ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 2, 1))
        position = ports.change_store.ends().last
        server.kill()
        server.start()
        with ports.transaction():
            ports.change_store.record(Change(ChangeKind.ROOM_CREATED, 3, 1))
        assert [change.room_id for _, change in ports.change_store.after(position, 9)] == [3]


# Costs of statements


PEOPLE = 4_000
TIMES = 10
"""The planner expects this many times as many rows. For fewer rows, a scan of a whole table may be the best plan."""
FILLING = """
    INSERT INTO "user" (username, username_key, password_hash, joined_at, last_seen_at)
        SELECT 'u' || n, 'u' || n, 'x', n, n FROM {all};
    INSERT INTO user_name_part SELECT true, 'u' || n, n FROM {all};
    INSERT INTO room (name, description, kind, is_private, created_at, active_at, last_seq)
        SELECT '', '', 'group', n % 2 = 0, n, n, 2 FROM {all};
    INSERT INTO room_name_part SELECT 'r' || n, n FROM {all};
    INSERT INTO participant (room_id, user_id, role, joined_seq, seen_seq)
        SELECT n, 1 + (n * 7919 + k * 104729) % {count}, CASE k WHEN 1 THEN 'owner' ELSE 'member' END, 0, k
        FROM {all}, generate_series(1, 2) AS k;
    INSERT INTO message (room_id, seq, user_id, content, created_at, client_id)
        SELECT n, k, 1 + (n * 7919 + 104729) % {count}, 'hello', n, 'c' || k FROM generate_series(1, 2) AS k, {all};
    INSERT INTO reaction (message_id, emoji, user_id, created_at) SELECT n, 'x', n, n FROM {all};
    INSERT INTO mention (message_id, user_id, room_id, is_by_id) SELECT n, n, n, false FROM {all};
    INSERT INTO message_word (room_id, message_id, seq, words)
        SELECT room_id, id, seq, ' @.' || to_hex(user_id) || ' hell.o ' FROM message;
    INSERT INTO session (user_id, created_at, last_used_at, expires_at, user_agent, ip, network)
        SELECT n, n, n, n, 'agent', '1.2.3.4', '1.2.3.0' FROM {all};
    INSERT INTO figure SELECT n, 'messages', n FROM {all};
    INSERT INTO activity SELECT n, n, n FROM {all};
    INSERT INTO administration_session SELECT n, true FROM {all};
    INSERT INTO used_step SELECT n, 1 FROM {all};
    INSERT INTO recovery_code SELECT n, 'u' || n FROM {all};
    INSERT INTO refresh_token SELECT 'u' || n, n, n, n FROM {all};
    INSERT INTO account_link SELECT n, 'reset', 'u' || n, 'u' || n, 'u' || n, n, n FROM {all};
    INSERT INTO mail (kind, user_id, address, email_key, language, seed, created_at, due_at, outcome, done_at)
        SELECT 'reset', n, 'u' || n, 'u' || n, 'en', '', n, n, CASE n % 100 WHEN 0 THEN NULL ELSE 'sent' END,
        CASE n % 100 WHEN 0 THEN NULL ELSE n END FROM {all};
    INSERT INTO ticket SELECT 'u' || n, n, n, n FROM {all};
    INSERT INTO attempt SELECT 'u' || n, 1, n, n, n FROM {all};
    INSERT INTO freed_name SELECT 'u' || n, n FROM {all};
    INSERT INTO ban (room_id, user_id, banned_by, banned_at) SELECT n, n, n, n FROM {all};
    INSERT INTO invitation (token_hash, room_id, created_by, created_at, expires_at, uses, used)
        SELECT 'u' || n, n, n, n, n, 1, 0 FROM {all};
    INSERT INTO block (blocker_id, number, blocked_id, blocked_at) SELECT n, 1, n, n FROM {all};
    INSERT INTO room_opening SELECT n, n, n FROM {all};
    INSERT INTO report (message_id, room_id, author_id, reporter_id, reason, comment, content, created_at, state,
        decided_by, decided_at)
        SELECT n, n, n, n, 'spam', '', '', n, CASE n % 2 WHEN 0 THEN 'open' ELSE 'dismissed' END,
        CASE n % 2 WHEN 1 THEN n END, CASE n % 2 WHEN 1 THEN n END FROM {all};
    INSERT INTO change (xid, kind, room_id, at, user_id)
        SELECT n, CASE WHEN n % 10 = 0 THEN 'participant.joined' ELSE 'message.created' END, n, n, n FROM {all};
    INSERT INTO change (xid, kind, room_id, at, user_id, other_id)
        SELECT n, 'block.changed', 0, n, n, n FROM {all};
    INSERT INTO audit (at, event, user_id, ip, user_agent, detail) SELECT n, 'x', n, '', '', '{{}}' FROM {all};
"""
"""Fill every table with the given number of rows, spread evenly."""
SPARSE_PAGES = f"""
    DO $$
    DECLARE part record;
    BEGIN
        FOR part IN
            SELECT CASE amname WHEN 'heap' THEN 'TABLE' ELSE 'INDEX' END AS kind, pg_class.oid::regclass AS name
            FROM pg_class JOIN pg_am ON pg_am.oid = relam
            WHERE relnamespace = 'public'::regnamespace AND amname IN ('heap', 'btree')
        LOOP
            EXECUTE format('ALTER %s %s SET (fillfactor = {100 // TIMES})', part.kind, part.name);
        END LOOP;
    END
    $$;
"""
"""Let the rows fill as many pages as `TIMES` as many rows would."""
STATISTICS = f"""
    SET default_statistics_target = {100 // TIMES};
    ANALYZE;
    UPDATE pg_class SET reltuples = {TIMES} * reltuples WHERE relnamespace = 'public'::regnamespace;
"""
"""Let the planner expect `TIMES` as many rows. The sample for its statistics has the usual share of the rows."""
VALUES = {
    "bigint": 9,
    "integer": 9,
    "boolean": True,
    "json": "[1]",
    "text": "u1",
    "bigint[]": [9],
    "text[]": ["hello"],
    "tsquery[]": ["'9.0.hell.o'"],
}
"""By type."""
OF_NAMES = {"limit": 50, "since": PEOPLE - 9}
FEW_ROWS = "change_horizon|second_factor|log_epoch|message_id_seq|message_indexing|message_behind|message_word_r"


def test_no_statement_scans_a_whole_table(server, database, ports):
    filling = FILLING.format(all=f"generate_series(1, {PEOPLE}) AS n", count=PEOPLE)
    server.execute(f"{SPARSE_PAGES} SET session_replication_role = replica; {filling}", name_of(database))
    server.execute("REINDEX SCHEMA public", name_of(database))
    server.execute(STATISTICS, name_of(database))
    checked = 0
    with psycopg.connect(database.database, autocommit=True, prepare_threshold=None) as connection:
        for store in ports:
            for name, statement in statements_of(store):
                plan = plan_of(connection, statement)
                walks = [step for step in plan if re.search(rf"Seq Scan on (?!{FEW_ROWS})", step)]
                assert not walks, (name, plan)
                checked += 1
        # After a few runs, PostgreSQL plans a statement for any value: also then each list reads one index in order.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for index, statement in lists_of_the_administration(ports).items():
            plan = plan_of(connection, statement)
            assert any(re.search(rf"Scan (Backward )?using {index} ", step) for step in plan), (index, plan)
            assert not [step for step in plan if "Sort" in step], (index, plan)
    assert checked > 110


def plan_of(connection, statement):
    """Return PostgreSQL's plan for the statement, with a value of its type for each parameter."""
    connection.execute("DEALLOCATE ALL")
    values = prepare(connection, statement, {})
    return [step for (step,) in connection.execute(execution(values, "EXPLAIN"))]


def prepare(connection, statement, given):
    """Prepare the statement; return its values: those that are given, and one of its type for each other parameter."""
    numbers = count(1)
    text = re.sub("%s", lambda _: f"${next(numbers)}", statement.sql)
    connection.execute(f"PREPARE it AS {text}")
    [(types,)] = connection.execute("SELECT parameter_types::text[] FROM pg_prepared_statements").fetchall()
    return [
        constant if name is None else (OF_NAMES | given).get(name, VALUES[kind])
        for (name, constant), kind in zip(statement._compiled[1], types, strict=True)
    ]


def execution(values, prefix):
    """Return the SQL that executes the prepared statement."""
    literals = sql.SQL(", ").join(map(sql.Literal, values))
    return sql.SQL(f"{prefix} EXECUTE it ({{}})" if values else f"{prefix} EXECUTE it").format(literals)


def test_latest_messages_are_read_fast_when_one_room_holds_most(database, ports):
    demo.fill(
        database,
        PlainCharacters(),
        users=2,
        rooms=50,
        members=2,
        messages=15_000,
        password_hash="x",
        now=2_000_000_000_000,
    )
    took = {
        name: rows_read(database, getattr(ports.message_store, name)) for name in ("_latest_before", "_latest_after")
    }
    assert all(read < 2_000 for read in took.values()), took


@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
def test_messages_of_users_are_read_by_their_indexes_alone(database, ports, plan):
    # In a database with few authors, PostgreSQL expects to find one soon wherever it looks.
    fill = partial(demo.fill, users=2, rooms=2, members=2, messages=3_000)
    fill(database, PlainCharacters(), password_hash="x", now=2_000_000_000_000)
    database.execute_sql("ANALYZE")
    messages = ports.message_store
    for room_id, user_id in ((1, 1), (1, 99), (99, 1), (99, 99), (2, 0)):
        assert rows_read(database, messages._has_author, plan, room_id=room_id, user_id=user_id) < 12
    for user_id in (0, 99):
        assert rows_read(database, messages._sent_since, plan, room_id=1, user_id=user_id, since=0) < 12


def rows_read(database, statement, plan="auto", **given):
    """Return the number of rows that the statement reads in the middle of the messages, discarded rows included."""
    with psycopg.connect(database.database, autocommit=True) as connection:
        connection.execute(f"SET plan_cache_mode = {plan}")
        values = prepare(connection, statement, {"user_id": 1, "id": 15_000} | given)
        [(explained,)] = connection.execute(execution(values, "EXPLAIN (ANALYZE, FORMAT JSON)"))

    def of(node):
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        return own + sum(map(of, node.get("Plans", ())))

    return of(explained[0]["Plan"])


def test_a_search_reads_a_bounded_amount_of_words_before_it_looks_them_up(database, ports, ann, rooms, monkeypatch):
    monkeypatch.setattr(postgres_message_search, "FIRST_SCANNED", 1)
    monkeypatch.setattr(postgres_message_search, "MAX_SCANNED_SIZE", 1_000)
    with ports.transaction(room=rooms[0]):
        content = " ".join(f"word{number}" for number in range(99))
        last_id = [say(ports, ann, rooms[0], content).id for _ in range(9)][-1]
    queries: list[Any] = []
    monkeypatch.setattr(database, "query_hooks", [*database.query_hooks, queries.append])
    readable = [ReadableRoom(rooms[0], 0, last_id)]
    found = ports.message_index.search(message_query("word98", PlainCharacters()), readable, 20)
    assert len(found.messages) == 9
    assert [query.sql for query in queries if "message_candidates" in query.sql]


def test_a_look_up_in_the_search_index_reads_the_matches_alone(database, ports, ann, rooms, monkeypatch):
    monkeypatch.setattr(postgres_message_search, "FIRST_SCANNED", 1)
    with ports.transaction(room=rooms[0]):
        last_id = [say(ports, ann, rooms[0], content).id for content in ["needle", *["hay"] * 59]][-1]
    with ports.snapshot():
        readable = [ReadableRoom(rooms[0], 0, last_id)]
        assert len(ports.message_index.search(message_query("needle", PlainCharacters()), readable, 9).messages) == 1
        [counts] = database.execute_sql(
            "SELECT seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'message_word'"
        ).fetchall()
    # One more is the newest message, whose words are read before the index.
    assert counts == (0, 2)


def test_a_search_finds_the_newest_matches_in_all_blocks_of_its_rooms(database, ports, ann, rooms, monkeypatch):
    for name in ("FIRST_SCANNED", "SCANNED", "SCANNED_FOR_MANY", "FIRST_LOOKED_UP"):
        monkeypatch.setattr(postgres_message_search, name, 1)
    # The index holds 32 characters of a word, so it proposes all messages.
    words = [f"{'l' * MAX_INDEXED_LENGTH}{end}" for end in ("tea", "teapot", "mug")]
    chance = random.Random(17)
    said: list[Message] = []
    for last_seq in (0, 4_094, 8_190):  # a block ends with the next message
        with ports.transaction(rooms=rooms):
            database.execute_sql("UPDATE room SET last_seq = %s", (last_seq,))
            said += [say(ports, ann, chance.choice(rooms), chance.choice(words)) for _ in range(30)]
    for _ in range(200):
        typed, first_seq, limit = (
            chance.choice(words),
            chance.choice((0, 4_100)),
            chance.choice((1, 9)),
        )
        before = chance.choice(said).id
        matches = [
            message
            for message in reversed(said)
            if message.id < before and message.seq >= first_seq and message.content.startswith(typed)
        ]
        readable = [ReadableRoom(room, first_seq, said[-1].id) for room in rooms]
        query = message_query(typed, PlainCharacters())
        found = ports.message_index.search(query, readable, limit, before=before)
        assert list(found.messages) == matches[:limit], (typed, first_seq, before)


# Outages of the server


def test_a_lost_connection_is_replaced_without_an_error(server, database, ports, ann):
    assert server.terminate_connections() >= 1
    assert ports.user_store.get(ann.id) == ann
    assert server.terminate_connections() >= 1
    with ports.transaction():
        ports.user_store.seen(ann.id, 5)
    assert server.terminate_connections() >= 1
    with ports.snapshot():
        assert ports.user_store.get(ann.id).last_seen_at == 5
    for _ in range(2):
        assert server.terminate_connections() >= 1
        with ports.transaction(account=ann.id, reads_first=True):
            assert ports.user_store.get(ann.id).last_seen_at == 5
            ports.user_store.seen(ann.id, 5)


def test_a_prepared_statement_that_is_gone_is_prepared_again(database, ports, ann):
    for _ in range(3):
        with ports.transaction(account=ann.id, reads_first=True):
            assert ports.user_store.get(ann.id) == ann
            database.execute_sql("DEALLOCATE ALL")


def test_a_lost_connection_in_a_transaction_raises_and_writes_nothing(server, ports, ann):
    def is_cut_off():
        with ports.transaction():
            ports.user_store.seen(ann.id, 5)
            server.terminate_connections()
            ports.user_store.seen(ann.id, 6)

    with pytest.raises(Unavailable):
        is_cut_off()
    assert ports.user_store.get(ann.id) == ann


def test_a_missing_server_is_reported_at_once_and_service_resumes_with_it(server, database, ports, ann):
    server.stop()
    started = time.monotonic()
    for attempt in (lambda: ports.user_store.get(ann.id), database.ping, ports.transaction().__enter__):
        with pytest.raises(Unavailable):
            attempt()
    assert time.monotonic() - started < 5
    server.start()
    database.ping()
    with ports.transaction():
        ports.user_store.seen(ann.id, 5)


def test_a_read_only_database_is_reported_and_written_to_as_soon_as_possible(server, database, ports, ann, rooms):
    name, kitchen = name_of(database), rooms[0]
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    server.terminate_connections()
    with pytest.raises(Unavailable, match="read-only"), ports.transaction():
        say(ports, ann, kitchen)
    server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")  # which is for new connections
    with ports.transaction():
        say(ports, ann, kitchen)
    assert ports.room_store.access(kitchen, ann.id)[0].last_seq == 1


def test_readers_do_not_notice_a_migration_that_changes_a_column(server, database, ports, ann, rooms):
    kitchen = rooms[0]
    for _ in range(9):  # until the statement is prepared
        assert ports.room_store.access(kitchen, ann.id)[0].participants_count == 1
    with psycopg.connect(database.database) as other:
        other.execute("ALTER TABLE room ALTER COLUMN participants_count TYPE bigint")
    assert ports.room_store.access(kitchen, ann.id)[0].participants_count == 1


def test_a_hanging_server_is_reported_in_bounded_time(server, database, ports, ann, monkeypatch):
    monkeypatch.setattr(connections.ChatConnection, "patience_seconds", 0.5)
    assert ports.user_store.get(ann.id) == ann  # opens a connection
    server.hang()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        ports.user_store.get(ann.id)
    assert time.monotonic() - started < 5
    server.go_on()
    assert ports.user_store.get(ann.id) == ann


def test_a_lock_that_is_never_released_is_reported_in_bounded_time(server, ports, ann, monkeypatch):
    with psycopg.connect(ports.user_store._get._database.database) as holder:
        holder.execute('SELECT 1 FROM "user" FOR UPDATE')
        started = time.monotonic()
        with pytest.raises(Unavailable), ports.transaction(patience_seconds=0.2):
            ports.user_store.seen(ann.id, 5)
        assert time.monotonic() - started < 3
    with ports.transaction(patience_seconds=0.2):
        ports.user_store.seen(ann.id, 5)


def test_a_room_that_stays_locked_costs_no_connection(server, database, ports, rooms):
    def process(**locks):
        with ports.transaction(patience_seconds=0.2, **locks):
            return database.execute_sql("SELECT pg_backend_pid()").fetchone()

    before = process(room=rooms[0])
    with psycopg.connect(database.database) as holder:
        holder.execute(f"SELECT pg_advisory_xact_lock(1, {rooms[0]})")
        with pytest.raises(Unavailable):
            process(room=rooms[0])
        with pytest.raises(Unavailable):
            process(rooms=rooms)
        assert process(room=rooms[1]) == before
    assert process(rooms=rooms) == before


def test_more_waiting_requests_than_connections_are_served_in_turn(server, tmp_path):
    database = adapter.Postgres(server.url(), readers=1, writers=1)
    with closing_all(database):
        migrate.upgrade(database)
        served = []
        threads = [
            threading.Thread(target=lambda: served.append(database.execute_sql("SELECT pg_sleep(0.01)").fetchall()))
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(served) == 20
        assert len(server.execute(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name_of(database)}'")) <= 2


def test_a_thread_that_returns_a_connection_queues_behind_earlier_waiters():
    pool, order = Pool(lambda: SimpleNamespace(closed=False, is_outdated=False), size=1), []
    busy, threads = pool.take(1), []

    def ask(name):
        connection = pool.take(20)
        order.append(name)
        pool.give_back(connection)

    for name in range(3):
        threads.append(threading.Thread(target=ask, args=[name]))
        threads[-1].start()
        wait_until_so_many_wait(pool, name + 1)
    pool.give_back(busy)
    ask("busy")
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, "busy"]


def test_a_waiter_that_gives_up_takes_no_connection_from_the_others():
    pool = Pool(lambda: SimpleNamespace(closed=False, is_outdated=False), size=1)
    busy = pool.take(1)
    with pytest.raises(Unavailable):
        pool.take(0.01)
    pool.give_back(busy)
    pool.give_back(pool.take(0))
    assert pool.take(0)


@pytest.mark.parametrize("is_writing", [False, True])
def test_more_threads_than_connections_that_the_server_allows_are_served(server, database, is_writing):
    role = f"few_of_{name_of(database)}"
    server.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 3")
    limited = open_database(server.address(name_of(database)).replace("//minichat@", f"//{role}@"))

    def ask(_):
        if is_writing:
            with limited.writing():
                return limited.execute_sql("SELECT pg_sleep(0.005)").fetchall()
        return limited.execute_sql("SELECT pg_sleep(0.005)").fetchall()

    with closing_all(limited), ThreadPoolExecutor(60) as threads:
        assert len(list(threads.map(ask, range(120)))) == 120


class FewConnections:
    """Opens connections, at most `limit` at once."""

    def __init__(self, limit):
        self.limit = limit
        self.refusals = 0
        self._opened = []

    def __call__(self):
        if sum(not connection.closed for connection in self._opened) >= self.limit:
            self.refusals += 1
            raise psycopg.OperationalError("sorry, too many clients already")
        connection = SimpleNamespace(closed=False, is_outdated=False)
        connection.close = partial(setattr, connection, "closed", True)
        self._opened.append(connection)
        return connection


@pytest.fixture
def threads():
    with ThreadPoolExecutor(20) as threads:
        yield threads


def ask_beside(threads, pool):
    """Take a connection in another thread, which waits for it."""
    already = pool.queue.waiting
    answer = threads.submit(pool.take, 20)
    wait_until_so_many_wait(pool, already + 1)
    return answer


def test_a_refused_connection_is_replaced_by_the_next_that_is_given_back(threads):
    pool = Pool(FewConnections(1), size=3)
    lent = pool.take(1)
    waiters = [ask_beside(threads, pool) for _ in range(3)]
    for waiter in waiters:
        pool.give_back(lent)
        assert waiter.result(20) is lent
    pool.give_back(lent)
    assert pool.take(0) is lent


def test_a_refusal_without_a_lent_connection_is_reported_at_once():
    pool = Pool(FewConnections(0), size=3)
    for _ in range(4):  # each refusal returns its slot
        with pytest.raises(psycopg.OperationalError):
            pool.take(60)


def test_the_wait_after_a_refusal_is_bounded():
    pool = Pool(FewConnections(1), size=3)
    lent = pool.take(1)
    for _ in range(4):
        with pytest.raises(Unavailable):
            pool.take(0.01)
    pool.give_back(lent)
    assert pool.take(0) is lent


def test_a_connection_that_is_lost_while_others_wait_is_replaced(threads):
    pool = Pool(FewConnections(1), size=3)
    lent = pool.take(1)
    waiter = ask_beside(threads, pool)
    lent.close()
    pool.give_back(lent)
    assert not waiter.result(20).closed


def test_waiters_get_the_error_of_a_server_that_is_lost_meanwhile(threads):
    connect = FewConnections(1)
    pool = Pool(connect, size=3)
    lent = pool.take(1)
    waiters = [ask_beside(threads, pool) for _ in range(3)]
    connect.limit = 0
    lent.close()
    pool.give_back(lent)
    for waiter in waiters:
        with pytest.raises(psycopg.OperationalError):
            waiter.result(20)


def test_a_refused_waiter_keeps_its_turn(threads, monkeypatch):
    monkeypatch.setattr(pool_module, "RETRY_SECONDS", 0)  # each request lets the longest waiter try again
    connect = FewConnections(1)
    pool = Pool(connect, size=2)
    lent = pool.take(1)
    waiters = [ask_beside(threads, pool) for _ in range(3)]
    for waiter in waiters:
        pool.give_back(lent)
        assert waiter.result(20) is lent
    assert connect.refusals == 3


def test_a_full_server_is_seldom_asked_and_used_again_when_it_has_room(threads, monkeypatch):
    connect = FewConnections(2)
    pool = Pool(connect, size=5)
    list(threads.map(lambda _: pool.give_back(pool.take(20)), range(500)))
    assert connect.refusals <= 5
    connect.limit = 5
    monkeypatch.setattr(pool_module, "RETRY_SECONDS", 0)
    assert len({id(pool.take(0)) for _ in range(5)}) == 5


def wait_until_so_many_wait(pool, count):
    deadline = time.monotonic() + 20
    while pool.queue.waiting < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def name_of(database):
    return database.execute_sql("SELECT current_database()").fetchone()[0]


def test_readers_do_not_wait_for_waiting_writers(server, tmp_path):
    database = adapter.Postgres(server.url(), readers=1, writers=2)
    with closing_all(database):
        migrate.upgrade(database)
        ports = on_postgres(database, tmp_path)
        holder, waiting = Beside(ports), Beside(ports)
        holder.does(lambda: ports.room_store.access(1, 1))
        waiting.begins(lambda: ports.room_store.access(1, 1))
        started = time.monotonic()
        assert ports.user_store.get(1) is None
        with ports.snapshot():
            assert ports.room_store.view(1, 1) is None
        assert time.monotonic() - started < 3
        holder.ends()
        waiting.ends()
