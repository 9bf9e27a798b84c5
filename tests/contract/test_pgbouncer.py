"""minichat behind PgBouncer, which may run each transaction of a connection on another connection to the server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import postgres
from builders import PASSWORD
from contract.backends import on_postgres, opened
from minichat.adapters.memory import PlainCharacters
from minichat.adapters.peewee.operations import demo, migrate
from minichat.domain.errors import Unavailable
from minichat.domain.history import MessageWindow
from minichat.domain.paging import Window
from minichat.domain.services import build
from minichat.domain.sessions import Lifetimes
from pgbouncer import running_pgbouncer

ROUNDS = 12
"""psycopg prepares a statement after five executions, so more of them on each connection."""
SESSION_SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "plan_cache_mode")


@pytest.fixture(scope="module")
def server():
    return postgres.shared()


@pytest.fixture(scope="module")
def pgbouncer(server):
    with running_pgbouncer(server, size=3) as pgbouncer:
        yield pgbouncer


@pytest.fixture
def url(pgbouncer):
    """A migrated database, reached through PgBouncer."""
    return pgbouncer.through(postgres.migrated())


@pytest.fixture
def database(url):
    with opened(url) as database:
        yield database


@pytest.fixture
def ports(database, tmp_path):
    return on_postgres(database, tmp_path)


@pytest.fixture
def services(ports):
    return build(ports, Lifetimes(), chain_keys=[b"a key of 32 bytes, as for a test"])


def test_concurrent_sends_and_reads_succeed_on_mixed_connections(services):
    people = [services.registration.register(f"person{number}", PASSWORD)[0] for number in range(6)]
    room = services.rooms.create(people[0].id, "Kitchen").view.room.id
    for person in people[1:]:
        services.participation.join(person.id, room)

    def converse(person):
        for number in range(ROUNDS):
            services.messaging.send(person, room, f"{person.id} {number}", client_id=f"{number}")
            services.history.latest(person.id, room, MessageWindow(limit=9))
            services.rooms.mine(person.id, Window(9))

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(converse, people))
    found = services.history.latest(people[0].id, room, MessageWindow(limit=200)).messages
    assert [message.seq for message in found] == list(range(1, ROUNDS * len(people) + 1))


def test_minichat_leaves_no_setting_and_no_statement_on_the_connections_of_others(server, pgbouncer, url, services):
    person, _ = services.registration.register("ann", PASSWORD)
    room = services.rooms.create(person.id, "Kitchen").view.room.id
    for _ in range(ROUNDS):
        services.messaging.send(person, room, "hello")
    shown = ", ".join(f"current_setting('{name}')" for name in SESSION_SETTINGS)
    prepared = "SELECT count(*) FROM pg_prepared_statements"
    with opened(url) as other:
        assert other.execute_sql(f"SELECT {shown}").fetchone() == ("0", "0", "0", "auto")
        assert other.execute_sql(prepared).fetchone() == (0,)


def test_a_transaction_has_its_time_limits(database, ports):
    with ports.transaction():
        assert database.execute_sql("SHOW statement_timeout").fetchone() == ("5s",)
        assert database.execute_sql("SHOW lock_timeout").fetchone() == ("3s",)
    with ports.snapshot():
        assert database.execute_sql("SHOW statement_timeout").fetchone() == ("5s",)
        assert database.execute_sql("SHOW transaction_isolation").fetchone() == ("repeatable read",)


def test_a_lock_ends_with_its_transaction(ports):
    for _ in range(ROUNDS):
        with ports.transaction(room=1, account=2):
            pass
        with ports.transaction(room=1, reads_first=True):
            assert ports.user_store.get(7) is None
    held = []

    def hold():
        with ports.transaction(patience_seconds=0.2, room=1):
            held.append(True)

    with ports.transaction(room=2):
        thread = threading.Thread(target=hold)
        thread.start()
        thread.join()
    assert held


def test_one_of_several_migrations_at_once_applies_each_step(server, pgbouncer):
    url = pgbouncer.through(server.url())

    def upgrade(_):
        with opened(url) as database:
            return migrate.upgrade(database)

    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(upgrade, range(2)))
    every = [path for folder in ("postgres", "both") for path in (migrate.MIGRATIONS / folder).glob("0*.py")]
    assert sorted(map(len, applied)) == [0, len(every)]
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert server.execute(held) == [(0,)]


def test_a_bulk_insert_works(database):
    demo.fill(
        database,
        PlainCharacters(),
        users=20,
        rooms=3,
        members=5,
        messages=300,
        password_hash="x",
        now=2_000_000_000_000,
    )
    assert database.execute_sql("SELECT count(*) FROM message").fetchone() == (300,)


def test_a_direct_connection_keeps_its_settings_and_its_statements(server):
    with opened(postgres.migrated()) as database:
        for _ in range(ROUNDS):
            assert database.execute_sql("SELECT current_setting(%s)", ["statement_timeout"]).fetchone() == ("5s",)
        assert database.execute_sql("SELECT count(*) FROM pg_prepared_statements").fetchone()[0] >= 1


def test_a_pooler_that_keeps_sessions_works_too(server, tmp_path):
    with (
        running_pgbouncer(server, "session", size=20) as pgbouncer,
        opened(pgbouncer.through(server.url())) as database,
    ):
        migrate.upgrade(database)
        services = build(on_postgres(database, tmp_path), Lifetimes(), chain_keys=[b"a key of 32 bytes, as for a test"])
        person, _ = services.registration.register("ann", PASSWORD)
        room = services.rooms.create(person.id, "Kitchen").view.room.id
        for number in range(ROUNDS):
            assert services.messaging.send(person, room, "hello").message.seq == number + 1


def test_a_pooler_that_splits_transactions_is_refused_by_name(server):
    with (
        running_pgbouncer(server, "statement") as pgbouncer,
        opened(pgbouncer.through(postgres.migrated())) as database,
        pytest.raises(Unavailable, match="statement pooling mode"),
    ):
        migrate.upgrade(database)


def test_an_option_that_the_pooler_refuses_is_named(pgbouncer, url):
    with opened(f"{url}&options=-cstatement_timeout%3D9s") as database, pytest.raises(Unavailable, match="options"):
        database.ping()


def test_a_pooler_that_lost_its_connections_is_used_again(server, database, ports):
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> {own}"
    for _ in range(2):
        database.ping()
        with ports.transaction(room=1):
            pass
        server.execute(ends.format(own="pg_backend_pid()"), name_of(database))
    database.ping()


def name_of(database):
    return database.execute_sql("SELECT current_database()").fetchone()[0]
