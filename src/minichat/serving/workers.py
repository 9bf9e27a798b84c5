"""The processes that serve: the parent, and its workers from their first signal to their last answer."""

import json
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn import util
from gunicorn.arbiter import Arbiter
from gunicorn.http import errors as http
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.ggevent import GeventWorker

from minichat.adapters.clients import shut_down
from minichat.api.headers import POLICY, security_headers

KEEPALIVE_SECONDS = 75
# For how long a client may send nothing in the middle of a request, or take nothing of its answer.
SILENCE_SECONDS = KEEPALIVE_SECONDS + 15
STOP_SECONDS = 10
"""How long stopping may take; whatever has not ended by then is killed."""
GRACE_SECONDS = STOP_SECONDS - 2
"""How long a worker that stops goes on with what it has begun; to break the rest off in order takes a moment, too."""
HEARTBEAT_SECONDS = 1.0
"""How often a worker tells the parent that it lives."""
HEAD_MOST = 64 * 1024
"""How long the header fields of a request may be together, in bytes."""


class Parent(Arbiter):
    """gunicorn's arbiter, whose workers hear what they are told from their first moment on, and serve to the last."""

    TO_WORKERS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})

    def spawn_worker(self) -> Any:
        """Make a worker. What it is told before it can listen waits until then: the handler that it inherits is the
        parent's, which would take it for nothing, and the parent would kill in the end who does not stop.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, self.TO_WORKERS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self.TO_WORKERS)

    def manage_workers(self) -> None:
        """Have as many workers as there are to be; those who are replaced serve until their successors do."""
        until = time.monotonic() + STOP_SECONDS
        while len(self.WORKERS) > self.num_workers and not self._newest_serve() and time.monotonic() < until:
            time.sleep(0.05)
            self.reap_workers()
        super().manage_workers()

    def _newest_serve(self) -> bool:
        newest = sorted(self.WORKERS.values(), key=lambda worker: worker.age)[-self.num_workers :]
        # The file by which a worker says that it lives bears the time of day until it does, and then a monotonic one.
        return all(worker.tmp.last_update() <= time.monotonic() for worker in newest)


class ChatRequest(Request):
    """gunicorn's request with a bound on its head: gunicorn's own is 800 KiB, which take it a tenth of a second."""

    @property
    def max_buffer_headers(self) -> int:
        return HEAD_MOST

    @max_buffer_headers.setter
    def max_buffer_headers(self, bound: int) -> None:
        """Leave it as it is: gunicorn makes it of the number of fields and the size of each."""


class Listening(StreamServer):
    """gevent's server, which turns nobody away whose connection the system has taken already."""

    def close(self) -> None:
        """Take the connections that wait to be taken, then listen no more.

        Closing alone would break them, and a proxy may not repeat what it has sent on them.
        """
        with suppress(OSError):
            while self.started and not self.full() and (waiting := self.do_read()):
                self.do_handle(*waiting)
        super().close()


class _Address(NamedTuple):
    """What gunicorn asks a listener for at the beginning of each connection, known even when it is closed."""

    name: Any

    def getsockname(self) -> Any:
        return self.name


class ChatWorker(GeventWorker):
    """gunicorn's gevent worker, which gives up silent clients and answers what isn't HTTP in our own form of error."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        RequestParser.mesg_class = ChatRequest
        self._clients: dict[Any, Any] = {}
        """The socket that each greenlet serves, and since when some of them wait for its next request."""
        self._waiting: dict[Any, float] = {}
        self._told_to_stop = Event()
        self._is_in_haste = False

    def init_signals(self) -> None:
        """Listen to what the worker is told, and was told since it was made."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, Parent.TO_WORKERS)

    def run(self) -> None:
        """Serve until told to stop; then until everybody has their answer, or the time for that is over."""
        pool = Pool(self.worker_connections)
        servers = [self._listening(listener, pool) for listener in self.sockets]
        while self.alive:
            self.notify()
            self._told_to_stop.wait(HEARTBEAT_SECONDS)
        for server in servers:
            server.close()  # so that who comes back finds another worker
        gevent.spawn(self._end_streams)
        until = time.monotonic() + GRACE_SECONDS
        while not (self._is_in_haste or pool.join(timeout=0.1)):
            if time.monotonic() > until:
                self.log.warning("What had no end within %s s is broken off", GRACE_SECONDS)
                pool.kill(timeout=0.3)
                break
            self.notify()
            self._end_waiting()
        for told in Parent.TO_WORKERS:
            signal.signal(told, signal.SIG_IGN)  # Python would take its handlers away first, and a signal kill it then

    def _listening(self, listener: Any, pool: Pool) -> Listening:
        """Take connections from the listener, and hand each to `handle` in the pool."""
        server = Listening(listener, handle=partial(self.handle, _Address(listener.getsockname())), spawn=pool)
        if self.cfg.workers > 1:
            server.max_accept = 1  # the others shall have their share
        server.start()
        return server

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:  # type: ignore[override]  # the stubs call it a function without result
        """Be where gunicorn waits for a connection's next request: until it comes, `keepalive` is over, or we stop."""
        greenlet = gevent.getcurrent()
        self._waiting[greenlet] = time.monotonic()
        try:
            with gevent.Timeout(self.cfg.keepalive, False):  # type: ignore[arg-type]  # ends without an error
                yield
        finally:
            del self._waiting[greenlet]

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """Stop, and at once."""
        super().handle_exit(sig, frame)
        self._told_to_stop.set()

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """Stop without waiting for anybody. Ctrl-C says so twice: the terminal to the worker, and its parent too."""
        self._is_in_haste = True
        self.handle_exit(sig, frame)

    def _end_streams(self) -> None:
        """Let who listens to a stream go on at another worker."""
        from minichat.api.routes.events import end_streams

        end_streams(cast(Any, self.wsgi))

    def _end_waiting(self) -> None:
        """End connections on which no request has come as a whole for a while."""
        for greenlet, since in tuple(self._waiting.items()):
            if time.monotonic() - since > 1:  # a connection made just now still gets its answer
                # It finds the end of what the client sends, and what came before is read first. To break the wait off
                # would be too early or too late: by then the request may have come, and be half done.
                shut_down(self._clients[greenlet], socket.SHUT_RD)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection, as the parent class does, but not for ever when the client stops half-way."""
        client.settimeout(SILENCE_SECONDS)
        greenlet = gevent.getcurrent()
        self._clients[greenlet] = client
        try:
            super(GeventWorker, self).handle(listener, client, addr)
        finally:
            del self._clients[greenlet]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:
        """Serve a request; a client too slow to take the answer loses its connection."""
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except TimeoutError as error:
            raise StopIteration from error  # gunicorn's word for closing the connection
        finally:
            # A client whose next request is there at once would keep the worker to itself: the others go first. (With
            # eight connections to two workers, the p99 of reads fell from 245 to 12 ms, at the same rate.)
            gevent.sleep(0)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what never reached the application: a request that can't be parsed, or a failure outside Flask."""
        if not isinstance(exc, Exception):
            return  # the worker stops, and its greenlets are killed
        if not isinstance(exc, http.ParseException) or isinstance(exc, _OUR_FAULT):
            self.log.error("A request failed outside the application", exc_info=exc)
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."
        else:
            status, detail = next((a for kind, a in _REFUSALS.items() if isinstance(exc, kind)), _MALFORMED)
            # Only its kind: the text of the error repeats the request, line breaks and tokens included.
            self.log.info("Refused what %s sent: %s", (addr or ("a socket",))[0], type(exc).__name__)
        try:
            util.write_nonblock(client, _problem(status, detail, cast(Any, self.app).settings.public_url))
            util.close_graceful(client)
        except OSError:
            self.log.debug("The client had gone before its error was sent")


_OUR_FAULT = (
    http.ConfigurationProblem,
    http.InvalidResponseHeader,  # type: ignore[attr-defined]  # the stubs are of an older gunicorn
    http.InvalidResponseHeaderName,  # type: ignore[attr-defined]
)
_MALFORMED = (HTTPStatus.BAD_REQUEST, "This is not a well-formed HTTP request.")
_REFUSALS = {
    http.LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "The URL is too long."),
    http.LimitRequestHeaders: (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too long."),
    http.ExpectationFailed: (HTTPStatus.EXPECTATION_FAILED, "Only 100-continue can be expected of this server."),
    http.UnsupportedTransferCoding: (HTTPStatus.NOT_IMPLEMENTED, "This server reads no transfer coding but chunked."),
}


def _problem(status: HTTPStatus, detail: str, public_url: str | None) -> bytes:
    """Return a whole HTTP answer that holds an RFC 9457 problem."""
    request_id = secrets.token_hex(16)
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": status.name.lower(),
        "request_id": request_id,
    }
    body = json.dumps(problem).encode()
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        *(f"{name}: {value}" for name, value in security_headers(public_url)),
        f"Content-Security-Policy: {POLICY}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
