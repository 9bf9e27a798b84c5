"""A server whose database moves: its address leads to a standby for a while, or the database accepts no writes.

The address is a folder with a link to the socket of a server. `contract/test_failover.py` tests the connections one by
one, and `faults` injects failovers under load.
"""

import os
import signal
from contextlib import closing

import pytest

from e2e.crowd import check_numbers, register, wait_until
from e2e.streams import opened, streamed
from postgres import FAST, RunningPostgres, running_postgres
from servers import SECRET, serving

SOCKET = ".s.PGSQL.5432"


@pytest.fixture(scope="module")
def primary():
    with running_postgres(*FAST) as primary:
        yield primary


@pytest.fixture(scope="module")
def standby(primary):
    standby = RunningPostgres(*FAST, replica_of=primary)
    yield standby
    standby.remove()


@pytest.fixture(scope="module")
def name(primary):
    """The name of the database."""
    return primary.url().partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="module")
def lead_to(primary, tmp_path_factory):
    """A function that moves the address to a server."""
    folder = tmp_path_factory.mktemp("address")

    def lead_to(server):
        (folder / SOCKET).unlink(missing_ok=True)
        (folder / SOCKET).symlink_to(server.folder / SOCKET)
        return folder

    return lead_to


@pytest.fixture(scope="module")
def server(primary, lead_to, name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    url = f"postgresql://minichat@/{name}?host={lead_to(primary)}"
    with serving(folder, database_url=url, secret_key=SECRET, allowed_hosts="127.0.0.1", rate_limits="off") as server:
        yield server
        assert "Traceback" not in server.said


def statuses(person, room):
    """Return the statuses of readiness, a read and a write."""
    return [
        person.call("GET", "/readyz").status,
        person.call("GET", "/api/chat/rooms/").status,
        person.says(room, "hello").status,
    ]


def is_well_again(person, room, stream):
    """Whether all kinds of requests succeed, reads are current, and an open stream receives the message."""
    if statuses(person, room) != [200, 200, 201]:
        return False
    history = person.history(room)
    check_numbers(history)
    wanted = history[-1]["seq"]
    return any(event["type"] == "message.created" and event["data"]["seq"] == wanted for event in streamed(stream))


def test_a_server_returns_from_a_standby_by_itself(server, primary, standby, lead_to):
    ann, bob = register(server, "ann", "bob")
    room = ann.makes_room(bob)
    with closing(opened(bob, "/api/chat/events/")) as stream:
        assert is_well_again(ann, room, stream)
        lead_to(standby)
        primary.terminate_connections()
        wait_until(lambda: statuses(ann, room) == [503, 503, 503], "the refusal of all requests")
        lead_to(primary)
        wait_until(lambda: is_well_again(ann, room, stream), "the return to the primary", patience=10)


def test_a_server_returns_from_a_time_without_writes_by_itself(server, primary, name):
    carl, dora = register(server, "carl", "dora")
    room = carl.makes_room(dora)
    with closing(opened(dora, "/api/chat/events/")) as stream:
        assert is_well_again(carl, room, stream)
        primary.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        primary.terminate_connections()
        wait_until(lambda: statuses(carl, room) == [503, 200, 503], "the refusal of writes")
        primary.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        wait_until(lambda: is_well_again(carl, room, stream), "the return of writes", patience=10)


def test_a_worker_that_starts_while_the_database_is_away_serves_when_it_is_back(server, primary, lead_to):
    [frida] = register(server, "frida")
    room = frida.makes_room()
    (lead_to(primary) / SOCKET).unlink()

    def expect_another_worker(than):
        wait_until(lambda: len(server.workers) == 1 and server.workers != than, "a new worker")
        wait_until(lambda: statuses(frida, room) == [503, 503, 503], "its refusals")

    first = server.workers
    os.kill(first[0], signal.SIGKILL)
    expect_another_worker(first)
    second = server.workers
    server.process.send_signal(signal.SIGHUP)
    expect_another_worker(second)
    lead_to(primary)
    wait_until(lambda: statuses(frida, room) == [200, 200, 201], "the database's return")
    assert "the secrets of second factors still have their earlier key" in server.said
    wait_until(lambda: "the secrets of second factors have the current key" in server.said, "their renewal")
