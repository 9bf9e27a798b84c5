"""Servers that only fan out, to compare `minichat serve` with: nchan, and an ideal server in plain Python.

Neither stores messages, authenticates anybody or knows rooms. `fan_out.py` sends both the same event as minichat.
"""

import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from readers import FORKING, HERE

NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
# One worker process: nchan passes messages between several through shared memory, which is slower on two cores.
_NGINX = """
load_module {module};
worker_processes {workers};
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    tcp_nodelay on;
    {temporary}
    server {{
        listen {here}:{port} backlog=4096;
        location = /send {{ nchan_publisher; nchan_channel_id room; nchan_message_buffer_length 100; }}
        location = /events {{ nchan_subscriber eventsource; nchan_channel_id room; {newest} }}
        location = /socket {{ nchan_subscriber websocket; nchan_channel_id room; {newest} }}
    }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until a server listens on the port."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError):
            return socket.create_connection((HERE, port)).close()
        time.sleep(0.05)
    raise TimeoutError("the server does not start")


def has_nchan() -> bool:
    return NCHAN.exists() and nginx() is not None


def nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def nchan(folder: Path, workers: int = 1) -> Iterator[tuple[int, Sequence[int]]]:
    """Run nginx with nchan; yield its port and the ids of its worker processes."""
    port = free_port()
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in names)
    text = _NGINX.format(
        module=NCHAN,
        workers=workers,
        folder=folder,
        temporary=temporary,
        here=HERE,
        port=port,
        newest="nchan_subscriber_first_message newest;",
    )
    (folder / "nginx.conf").write_text(text)
    command = [nginx() or "nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    server = subprocess.Popen(command)  # noqa: S603
    try:
        wait_for(port)
        yield port, children_of(server.pid)
    finally:
        server.terminate()
        server.wait()


@contextmanager
def ideal() -> Iterator[tuple[int, Sequence[int]]]:
    """Run a process that only writes each message that it gets to all its streams; yield its port and its id."""
    listener = socket.create_server((HERE, 0), backlog=4_096)
    process = FORKING.Process(target=_fan_out, args=(listener,), daemon=True)
    process.start()
    try:
        yield listener.getsockname()[1], [process.pid]
    finally:
        process.terminate()
        process.join()
        listener.close()


def _fan_out(listener: socket.socket) -> None:
    """Serve: a stream begins with GET, and a sender's request ends with its message, which is one write."""
    epoll = select.epoll()
    epoll.register(listener.fileno(), select.EPOLLIN)
    new: dict[int, socket.socket] = {}
    streams: list[socket.socket] = []
    while True:
        for descriptor, _ in epoll.poll():
            if descriptor == listener.fileno():
                client = listener.accept()[0]
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                new[client.fileno()] = client
                epoll.register(client.fileno(), select.EPOLLIN)
                continue
            client = new[descriptor]
            request = client.recv(65_536)
            if request.startswith(b"GET"):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                client.setblocking(False)
                streams.append(client)
                epoll.unregister(descriptor)
            elif request:
                event = b"data: " + request.partition(b"\r\n\r\n")[2] + b"\n\n"
                for stream in streams:
                    stream.send(event)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            else:
                epoll.unregister(descriptor)
                del new[descriptor]


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time of these processes, with all their threads."""
    found = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += int((task / "schedstat").read_text().split()[0])
    return found / 1e9
