"""The address of the database leads to another server for a while, or the server accepts no writes.

The address is a folder with a link to the socket of a server, as a DNS name or a proxy is in production.
"""

import time
from itertools import count

import pytest

import postgres
from contract.backends import on_postgres, opened
from minichat.adapters.peewee.engine import connections
from minichat.adapters.peewee.operations.inspection import facts_of, is_replica
from minichat.domain.errors import Unavailable
from minichat.domain.model import NewUser

SOCKET = ".s.PGSQL.5432"


@pytest.fixture(scope="module")
def primary():
    with postgres.running_postgres(*postgres.FAST) as primary:
        yield primary


@pytest.fixture(scope="module")
def standby(primary):
    standby = postgres.RunningPostgres(*postgres.FAST, replica_of=primary)
    yield standby
    standby.remove()


class Address:
    """Leads to one of several servers."""

    def __init__(self, folder, name):
        self._link = folder / SOCKET
        self._name = name

    def url(self, more=""):
        return f"postgresql://minichat@/{self._name}?host={self._link.parent}{more}"

    def leads_to(self, server):
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(server.folder / SOCKET)


@pytest.fixture
def name(primary):
    """The name of a new, migrated database of the primary."""
    return primary.migrated().partition("@/")[2].partition("?")[0]


@pytest.fixture
def address(tmp_path, primary, name):
    address = Address(tmp_path, name)
    address.leads_to(primary)
    return address


@pytest.fixture
def database(address):
    with opened(address.url()) as database:
        yield database


@pytest.fixture
def ports(database, tmp_path):
    return on_postgres(database, tmp_path)


def register(ports, name):
    with ports.transaction():
        return ports.user_store.add(NewUser(name, name, "hash", "", "", "", joined_at=1))


def names(ports):
    """Return the names that reads find; None if a read with a snapshot and one without it find others."""
    with ports.snapshot():
        found = ports.user_store.by_ids(range(1, 99))
    is_same = found == ports.user_store.by_ids(range(1, 99))
    return sorted(user.username for user in found.values()) if is_same else None


def eventually(condition):
    """Wait until the condition holds, with attempts that may raise Unavailable."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def await_replay(primary, standby, name):
    [(end,)] = primary.execute("SELECT pg_current_wal_insert_lsn()")
    eventually(lambda: standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{end}'") == [(True,)])


class TestAnAddressThatLeadsToAStandby:
    def test_a_standby_is_not_used_and_all_connections_work_again_at_once(
        self, primary, standby, name, address, database, ports
    ):
        register(ports, "ann")
        assert names(ports) == ["ann"]
        await_replay(primary, standby, name)
        address.leads_to(standby)
        primary.terminate_connections()
        for attempt in (lambda: names(ports), lambda: register(ports, "bob"), database.ping):
            with pytest.raises(Unavailable, match="hot standby"):
                attempt()
        address.leads_to(primary)
        database.ping()
        assert register(ports, "bob")
        assert names(ports) == ["ann", "bob"]

    def test_a_standby_that_the_url_allows_is_left_within_a_second(
        self, primary, standby, name, address, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(connections, "DOUBT_SECONDS", 0.05)
        await_replay(primary, standby, name)
        address.leads_to(standby)
        with opened(address.url("&target_session_attrs=any")) as database:
            ports = on_postgres(database, tmp_path)
            assert names(ports) == []
            with pytest.raises(Unavailable, match="accepts no writes"):
                database.ping()
            with pytest.raises(Unavailable, match="read-only"):
                register(ports, "ann")
            address.leads_to(primary)
            assert register(ports, "ann")
            eventually(lambda: names(ports) == ["ann"])
            database.ping()

    def test_a_standby_that_the_url_allows_is_left_by_reads_alone(self, primary, standby, name, address, monkeypatch):
        monkeypatch.setattr(connections, "DOUBT_SECONDS", 0.05)
        monkeypatch.setattr(connections, "LOOK_SECONDS", 1_000)
        await_replay(primary, standby, name)
        address.leads_to(standby)
        with opened(address.url("&target_session_attrs=any")) as database:
            is_standby = "SELECT pg_is_in_recovery()"
            assert database.execute_sql(is_standby).fetchone() == (True,)
            address.leads_to(primary)
            eventually(lambda: database.execute_sql(is_standby).fetchone() == (False,))

    @pytest.mark.parametrize("order", ["standby first", "primary first"])
    def test_of_several_hosts_the_primary_is_used(self, primary, standby, name, tmp_path, order):
        hosts = [str(standby.folder), str(primary.folder)]
        await_replay(primary, standby, name)
        hosts = hosts if order == "standby first" else hosts[::-1]
        with opened(f"postgresql://minichat@/{name}?host={','.join(hosts)}") as database:
            database.ping()
            assert register(on_postgres(database, tmp_path), "ann")

    def test_an_address_of_several_replicas_keeps_its_connections(self, primary, standby, name, address):
        server = connections.Server(address.url(), must_accept_writes=False)
        opened_ones = []
        for leads_to in (standby, primary) * 2:
            await_replay(primary, standby, name)
            address.leads_to(leads_to)
            opened_ones.append(server.connect())
        assert not any(connection.is_outdated for connection in opened_ones)
        for connection in opened_ones:
            connection.close()

    def test_a_replica_is_recognised(self, primary, standby):
        assert is_replica(standby.address("postgres"))
        assert not is_replica(primary.address("postgres"))


class TestAnAddressThatLeadsToAnotherServer:
    """A standby has been promoted, while the former primary still answers."""

    def test_every_connection_follows_the_address(self, primary, name, tmp_path, monkeypatch):
        promoted = postgres.shared()
        for server, template in ((primary, name), (promoted, postgres.shared().template())):
            server.execute(f"CREATE DATABASE followed TEMPLATE {template}")
        address = Address(tmp_path, "followed")
        address.leads_to(primary)
        with opened(address.url()) as database:
            ports = on_postgres(database, tmp_path)
            ann = register(ports, "ann")
            assert names(ports) == ["ann"]
            monkeypatch.setattr(connections, "LOOK_SECONDS", 0.01)
            database._server._look_at = 0.0
            address.leads_to(promoted)
            eventually(lambda: names(ports) == [])
            with ports.transaction():
                assert ports.user_store.get(ann.id) is None

    def test_a_look_at_a_server_that_is_away_disturbs_nobody(self, primary, address, database, ports, monkeypatch):
        register(ports, "ann")
        assert names(ports) == ["ann"]
        monkeypatch.setattr(connections, "LOOK_SECONDS", 0.01)
        database._server._look_at = 0.0
        address._link.unlink()
        for _ in range(20):
            assert names(ports) == ["ann"]
            time.sleep(0.005)
        address.leads_to(primary)


class TestAServerThatAcceptsNoWritesForAWhile:
    def test_a_database_that_was_read_only_is_ready_again_within_a_second(
        self, primary, name, database, ports, monkeypatch
    ):
        monkeypatch.setattr(connections, "DOUBT_SECONDS", 0.05)
        register(ports, "ann")
        primary.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        primary.terminate_connections()
        assert names(ports) == ["ann"], "reads continue"
        with pytest.raises(Unavailable, match="accepts no writes"):
            database.ping()
        assert facts_of(database).weaknesses[-1].endswith("the database accepts no writes.")
        with pytest.raises(Unavailable, match="read-only"):
            register(ports, "bob")
        primary.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")  # which is for new connections
        eventually(lambda: not is_refused(database.ping))
        assert register(ports, "bob")
        assert names(ports) == ["ann", "bob"]

    def test_a_server_that_was_read_only_is_used_again_at_once(self, primary, database, ports):
        register(ports, "ann")
        primary.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        primary.execute("SELECT pg_reload_conf()")
        try:
            names_to_try = map("user{}".format, count())
            eventually(lambda: is_refused(lambda: register(ports, next(names_to_try))))
            assert "ann" in names(ports)
        finally:
            primary.execute("ALTER SYSTEM RESET default_transaction_read_only")
            primary.execute("SELECT pg_reload_conf()")
        eventually(lambda: not is_refused(database.ping))
        assert register(ports, "bobo")
        assert "bobo" in names(ports)

    def test_a_write_that_is_refused_replaces_the_reading_connections_too(self, database, ports):
        register(ports, "ann")
        names(ports)
        [reader] = database._readers._idle

        def write():
            with ports.transaction():
                database.execute_sql("SET LOCAL transaction_read_only = on")
                database.execute_sql("DELETE FROM ticket")

        assert is_refused(write)
        names(ports)
        assert reader.closed


def is_refused(attempt):
    try:
        attempt()
    except Unavailable:
        return True
    return False
