"""A proxy that closes a connection after the server's answer, before the client gets it."""

import random
import selectors
import socket
import threading
from contextlib import suppress

DONE = (b"HTTP/1.1 201 ", b"HTTP/1.1 200 ", b"HTTP/1.1 204 ")


class CuttingProxy:
    """Forwards requests and answers, but withholds a share of the successful answers and hangs up."""

    def __init__(self, port: int, share: float) -> None:
        """Stand before the server at `port`."""
        self._behind = port
        self._share = share
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut = 0
        """The number of withheld answers."""
        self._open: set[socket.socket] = set()
        self._is_over = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Close all connections."""
        self._is_over = True
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._behind)) as server:
            self._open |= {client, server}
            try:
                with selectors.DefaultSelector() as selector:
                    for one, other in ((client, server), (server, client)):
                        selector.register(one, selectors.EVENT_READ, other)
                    while not self._is_over and all(self._pass_on(key, server) for key, _ in selector.select(1)):
                        pass
            finally:
                self._open -= {client, server}

    def _pass_on(self, key: selectors.SelectorKey, server: socket.socket) -> bool:
        assert isinstance(key.fileobj, socket.socket)
        data = key.fileobj.recv(262_144)
        if not data:
            return False
        if key.fileobj is server and data.startswith(DONE) and random.random() < self._share:
            self.cut += 1
            return False
        key.data.sendall(data)
        return True
