"""The workers of a server share their connections evenly, whatever they were doing when the clients came."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.crowd import wait_until
from servers import PATIENCE, RunningServer, serving

CLIENTS = 120
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: chat\r\n\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with serving(tmp_path, "--workers", "2") as server:
        yield server


def sockets_of(pid: int) -> int:
    """Return the number of open sockets of a process."""
    return sum(_is_socket(link) for link in Path(f"/proc/{pid}/fd").iterdir())


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except FileNotFoundError:  # closed meanwhile
        return False


def spread(server: RunningServer) -> list[int]:
    """Open connections, and return how many each worker serves."""
    wait_until(lambda: len(server.workers) == 2, "both workers")
    with ExitStack() as stack:
        clients = [stack.enter_context(server.connection()) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(REQUEST)
        for client in clients:
            client.settimeout(PATIENCE)
            assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        during = {pid: sockets_of(pid) for pid in server.workers}
    wait_until(lambda: sum(map(sockets_of, during)) <= sum(during.values()) - CLIENTS, "the end of the connections")
    return [count - sockets_of(pid) for pid, count in during.items()]


def is_even(counts: list[int]) -> bool:
    return sum(counts) == CLIENTS and min(counts) > CLIENTS / 3


def test_connections_spread_evenly_over_idle_workers(server: RunningServer) -> None:
    counts = spread(server)
    assert is_even(counts), counts


def test_connections_that_wait_for_the_start_of_workers_spread_evenly(server: RunningServer) -> None:
    killed = server.workers
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not set(server.workers) & set(killed), "the end of the workers")
    counts = spread(server)
    assert is_even(counts), counts


def test_a_worker_that_hangs_keeps_no_client_from_the_others(server: RunningServer) -> None:
    first, second = server.workers
    os.kill(first, signal.SIGSTOP)
    try:
        for _ in range(20):
            assert server.call("GET", "/healthz").status == 200
    finally:
        os.kill(first, signal.SIGCONT)
    assert second in server.workers
