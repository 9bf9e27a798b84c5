"""A server that a test may kill while people write, and the people who go on writing."""

import json
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

from e2e.crowd import BROKEN, Person
from faults.proxy import CuttingProxy
from servers import PATIENCE, SECRET, RunningServer, child, free_port, serving

AWAY = {502, 503, 504}
"""The statuses of a proxy whose server is away, and of a server that is starting."""


class MortalServer:
    """A server on one port that a test kills and starts again, with its database."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._stack = ExitStack()
        self.running = self._started()

    def dies_and_returns(self) -> None:
        """Kill the server as a power failure would, and start it again."""
        self.running.kill()
        self.running = self._started()

    def restarts(self) -> None:
        """Stop the server in good order, as an update does, and start it again."""
        self.running.stop()
        self.running = self._started()

    def close(self) -> None:
        self._stack.close()

    def _started(self) -> RunningServer:
        settings: dict[str, Any] = {
            "rate_limits": "off",
            "secret_key": SECRET,
            "public_url": f"http://127.0.0.1:{self.port}",
        }
        return self._stack.enter_context(serving(self._folder, port=self.port, **settings))


class RecordingProxy(CuttingProxy):
    """Forwards everything, and keeps what clients send. It can cut connections, and refuse the next ones."""

    def __init__(self, port: int) -> None:
        super().__init__(port, share=0)
        self._sent: dict[object, bytes] = {}
        self.refusals: list[int] = []
        """The statuses of the answers to the next connections."""

    def cut_and_refuse(self, *statuses: int) -> None:
        """Cut all connections, and refuse that many of the next ones."""
        self.refusals += statuses
        for one in tuple(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @property
    def requests(self) -> list[tuple[str, Mapping[str, str]]]:
        """The request lines with their header fields, whose names are in lower case."""
        found: list[tuple[str, Mapping[str, str]]] = []
        for sent in self._sent.values():
            for head in sent.decode("latin-1").split("\r\n\r\n"):
                line, *fields = head.split("\r\n")
                if line.endswith(" HTTP/1.1"):
                    pairs = [field.partition(": ") for field in fields]
                    found.append((line, {name.lower(): value for name, _, value in pairs}))
        return found

    def _serve(self, client: socket.socket) -> None:
        if not self.refusals:
            super()._serve(client)
            return
        status = self.refusals.pop(0)
        with client, suppress(OSError):
            client.recv(65_536)
            fields = (
                "Content-Type: application/problem+json\r\nContent-Length: 2\r\nRetry-After: 1\r\nConnection: close"
            )
            client.sendall(f"HTTP/1.1 {status} Refused\r\n{fields}\r\n\r\n{{}}".encode())

    def _pass_on(self, key: selectors.SelectorKey, server: socket.socket) -> bool:
        assert isinstance(key.fileobj, socket.socket)
        if key.fileobj is not server:
            data = key.fileobj.recv(262_144, socket.MSG_PEEK)
            self._sent[key.fileobj] = self._sent.get(key.fileobj, b"") + data
        return super()._pass_on(key, server)


@contextmanager
def running(command: Sequence[str | Path], folder: Path) -> Iterator["Queue[str | None]"]:
    """Run a client that writes each message that it receives as a line of JSON. Yield its queue of messages."""
    errors = folder / "errors.log"
    with errors.open("w") as log, child(command, folder, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        lines: Queue[str | None] = Queue()

        def read() -> None:
            for line in process.stdout or ():
                lines.put(json.loads(line))
            lines.put(None)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield lines
        except BaseException as error:
            error.add_note(errors.read_text()[-3_000:])
            raise
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its launcher starts Node as a child
            reader.join(PATIENCE)


def says_until_acknowledged(person: Person, room: int, content: str) -> None:
    """Send a message, as often as it takes. It is stored once."""
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(*BROKEN):
            answer = person.says(room, content, client_id=content)
            if answer.status not in AWAY:
                assert answer.status == 201, answer
                return
        assert time.monotonic() < until, "the server does not return"
        time.sleep(0.05)


def speaks_while_the_server_dies(server: MortalServer, person: Person, room: int) -> list[str]:
    """Send messages, kill the server meanwhile, and return them. The last of them arrives after everything else."""
    contents = [f"{number}" for number in range(30)]
    has_begun = threading.Event()

    def speak() -> None:
        for number, content in enumerate(contents):
            says_until_acknowledged(person, room, content)
            if number == 9:
                has_begun.set()

    with ThreadPoolExecutor() as pool:
        speaking = pool.submit(speak)
        assert has_begun.wait(PATIENCE)
        server.dies_and_returns()
        speaking.result(PATIENCE)
    return contents
