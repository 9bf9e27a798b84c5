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


def connected(server: RunningServer, count: int, stack: ExitStack) -> None:
    """Open connections, and leave each open after its first answer."""
    clients = [stack.enter_context(server.connection()) for _ in range(count)]
    for client in clients:
        client.sendall(REQUEST)
    for client in clients:
        client.settimeout(PATIENCE)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")


def served_by(workers: list[int], stack: ExitStack) -> list[int]:
    """Close the connections, and return how many each worker has served."""
    during = {pid: sockets_of(pid) for pid in workers}
    stack.close()
    wait_until(lambda: sum(map(sockets_of, workers)) <= sum(during.values()) - CLIENTS, "the end of the connections")
    return [count - sockets_of(pid) for pid, count in during.items()]


def test_the_worker_with_fewer_connections_gets_the_next_ones(server: RunningServer) -> None:
    workers = server.workers
    later = CLIENTS // 4
    with ExitStack() as stack:
        os.kill(workers[0], signal.SIGSTOP)
        try:
            connected(server, CLIENTS - later, stack)
        finally:
            os.kill(workers[0], signal.SIGCONT)
        for _ in range(later):
            connected(server, 1, stack)
        first, second = served_by(workers, stack)
    assert first > later * 0.8, (first, second)


def test_workers_that_start_together_share_the_clients_that_wait(server: RunningServer) -> None:
    def fewest() -> int:
        killed = server.workers
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(server.workers) == 2 and not set(server.workers) & set(killed), "two other workers")
        with ExitStack() as stack:
            connected(server, CLIENTS, stack)
            return min(served_by(server.workers, stack))

    # Without waiting for the other, the first gets all. On a busy machine, the other may get no time to accept any.
    assert any(fewest() > CLIENTS / 6 for _ in range(3))


def test_a_worker_that_hangs_keeps_no_client_from_the_others(server: RunningServer) -> None:
    first, second = server.workers
    os.kill(first, signal.SIGSTOP)
    try:
        for _ in range(20):
            assert server.call("GET", "/healthz").status == 200
    finally:
        os.kill(first, signal.SIGCONT)
    assert second in server.workers
