"""The workers that serve, from their first signal to their last answer.

This module refines gunicorn's request and gevent worker. It knows no route and no rule of the chat.
"""

import gc
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import gevent
import gevent.events
from gevent.event import Event
from gevent.pool import Pool
from gunicorn import util
from gunicorn.http import errors as http
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.sock import ssl_context
from gunicorn.workers.ggevent import GeventWorker

from minichat.adapters.clients import shut_down
from minichat.api.headers import DEFAULT_HEADERS, security_headers
from minichat.serving import responses, yielding
from minichat.serving.accepting import SILENCE_SECONDS, DrainingServer
from minichat.serving.arbiter import STOP_SECONDS, Arbiter
from minichat.serving.entrance import Entrance
from minichat.serving.heap import collect_rarely, free_memory_returner
from minichat.serving.shares import Shares

if TYPE_CHECKING:
    from minichat.api.context import AppContext

GRACE_SECONDS = STOP_SECONDS - 2
"""Time in which a stopping worker finishes its requests. The remaining seconds are for cancelling the others."""
START_CHECK_SECONDS = 0.02
HEARTBEAT_SECONDS = 1.0
"""Interval between a worker's heartbeats to the arbiter."""
RETURN_SECONDS = 20.0
"""Interval between two returns of freed memory to the system."""
MAX_HEAD_BYTES = 64 * 1024
"""Maximum size of a request's header fields together."""


_SHARES = Shares()
"""The connections of all workers. The arbiter imports this module before it forks them."""


class ChatRequest(Request):
    """gunicorn's request with a lower limit for the header: gunicorn allows 800 KiB, which take 0.1 s to parse."""

    @property
    def max_buffer_headers(self) -> int:
        return MAX_HEAD_BYTES

    @max_buffer_headers.setter
    def max_buffer_headers(self, bound: int) -> None:
        """Ignore gunicorn's bound, the number of fields times the size of a field."""

    def _peer_is_trusted_proxy(self) -> bool:
        """Return what the parent class returns. It would parse the address of each request to compare it with none."""
        if not self.cfg.forwarded_allow_ips and isinstance(self.peer_addr, tuple):
            return False
        trusted: bool = super()._peer_is_trusted_proxy()  # type: ignore[misc]  # the stubs are of an older gunicorn
        return trusted


class _Address(NamedTuple):
    """The listener's address, which gunicorn needs for each connection, also after the listener is closed."""

    name: Any

    def getsockname(self) -> Any:
        return self.name


class ChatWorker(GeventWorker):
    """gunicorn's gevent worker, changed to drop silent clients and to answer malformed HTTP with a problem document.

    Also for a gunicorn of one's own: `--worker-class minichat.serving.workers.ChatWorker`.
    """

    def __init__(self, *args: Any) -> None:
        self.stops = Event()
        """Set when the worker begins to stop, for whatever reason."""
        super().__init__(*args)
        RequestParser.mesg_class = ChatRequest
        responses.install()
        self._clients: dict[Any, Any] = {}
        """The socket that each greenlet serves."""
        self._waiting: dict[Any, float] = {}
        """The greenlets that wait for their client's next request, with the start of the wait."""
        self._stops_at_once = False
        self.share = _SHARES.add(self.age)

    @property
    def alive(self) -> bool:
        return self._alive

    @alive.setter
    def alive(self, is_alive: bool) -> None:
        """Notify those that wait for the end: gunicorn clears this at a signal, `--max-requests` and `--reload`."""
        self._alive = is_alive
        if not is_alive:
            self.stops.set()

    def init_process(self) -> None:
        """Make the settings plain attributes, then start: gunicorn looks up dozens of them for each request."""
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})
        super().init_process()

    def patch(self) -> None:
        """Let gevent patch this process, and let all `sleep(0)` yield fairly.

        No plugin of gevent takes part: the search for plugins would read all metadata 25 times.
        """
        events: Any = gevent.events
        events.notify_and_call_entry_points = events.notify
        super().patch()
        time.sleep = yielding.sleep  # type: ignore[assignment]  # nobody names the argument

    def load_wsgi(self) -> None:
        """Build the application without collecting garbage, and exclude it from later collections: it lives to the end.

        That takes a sixth off the start, and makes each full collection shorter, which stops all requests.
        """
        gc.disable()
        super().load_wsgi()
        collect_rarely()
        gc.enable()

    def init_signals(self) -> None:
        """Install the handlers, then unblock the signals that arrived since the fork."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, Arbiter.WORKER_SIGNALS)

    def run(self) -> None:
        """Serve until a signal arrives. Then finish the running requests, for `GRACE_SECONDS` at most."""
        pool, entrance = Pool(self.worker_connections), Entrance()

        def count() -> int:
            return len(pool) + len(entrance) + self._app_context.keeper.count

        self._wait_for_others()
        servers = [self._serve_listener(listener, pool, count, entrance) for listener in self.sockets]
        gevent.spawn(_return_memory)
        self._stop_with_arbiter()
        while self.alive:
            self.notify()
            self.share.publish(count())
            self.stops.wait(HEARTBEAT_SECONDS)
        self.share.leave()
        for server in servers:
            server.close()  # so that a client that reconnects reaches another worker
        until = time.monotonic() + GRACE_SECONDS
        while not self._stops_at_once and not (pool.join(timeout=0.1) and count() == 0):
            if time.monotonic() > until:
                self.log.warning("Requests are cancelled, because they did not end within %s s", GRACE_SECONDS)
                pool.kill(timeout=0.3)
                break
            self.notify()
            self._close_idle_connections()
            gevent.sleep(0.01)  # `join` returns at once if only kept streams are left
        # At exit Python restores the default handlers, and a late signal would then kill the worker.
        for number in Arbiter.WORKER_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def notify(self) -> None:
        """Send a heartbeat to the arbiter. gunicorn's own method exits at once if that has died."""
        super(GeventWorker, self).notify()
        if self.ppid != os.getppid():
            self.alive = False

    def _stop_with_arbiter(self) -> None:
        """Stop as soon as the arbiter dies. Without support of the kernel, the next heartbeat notices it."""
        with suppress(OSError, AttributeError):  # a Python that was built on an old system lacks the function
            death = gevent.get_hub().loop.io(os.pidfd_open(self.ppid), 1)

            def stop() -> None:
                death.stop()
                self.alive = False

            death.start(stop)

    def _wait_for_others(self) -> None:
        """Wait for the workers that start at the same time, so that the first does not accept all waiting clients."""
        self.share.publish(0)
        while self.alive and self.share.is_another_starting():
            self.notify()
            self.share.publish(0)
            self.stops.wait(START_CHECK_SECONDS)

    def _serve_listener(
        self, listener: Any, pool: Pool, count: Callable[[], int], entrance: Entrance
    ) -> DrainingServer:
        """Accept connections from the listener, and pass each to `handle` in the pool."""
        tls: dict[str, Any] = {"ssl_context": ssl_context(self.cfg)} if self.cfg.is_ssl else {}
        handle = partial(self.handle, _Address(listener.getsockname()))
        server = DrainingServer(listener, self.share, pool, count, entrance, handle=handle, **tls)
        server.start()
        return server

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:  # type: ignore[override]  # the stubs call it a function without result
        """Record the start of gunicorn's wait for the next request of a connection, `keepalive` seconds at most."""
        greenlet = gevent.getcurrent()
        self._waiting[greenlet] = time.monotonic()
        try:
            with gevent.Timeout(self.cfg.keepalive, False):  # type: ignore[arg-type]  # ends without an error
                yield
        finally:
            del self._waiting[greenlet]

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """Stop without a grace period. Ctrl-C causes two signals: from the terminal and from the arbiter."""
        self._stops_at_once = True
        self.handle_exit(sig, frame)

    def _close_idle_connections(self) -> None:
        """End connections that have waited for a complete request for more than a second."""
        for greenlet, since in tuple(self._waiting.items()):
            if time.monotonic() - since > 1:  # a new connection still gets its answer
                # The greenlet reads the data that the client has sent, then the end. Killing the greenlet could
                # interrupt a request that has just arrived.
                shut_down(self._clients[greenlet], socket.SHUT_RD)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection like the parent class, with a time limit for silent clients."""
        client.settimeout(SILENCE_SECONDS)
        greenlet = gevent.getcurrent()
        self._clients[greenlet] = client
        try:
            super(GeventWorker, self).handle(listener, client, addr)
        finally:
            del self._clients[greenlet]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> bool:
        """Serve a request; close the connection of a client that is too slow to read the answer."""
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except TimeoutError as error:
            raise StopIteration from error  # by which gunicorn closes the connection
        finally:
            # Let the others run first: a client that sends request after request would monopolise the worker.
            yielding.sleep(0)

    @property
    def _app_context(self) -> "AppContext":
        from minichat.api.context import context_of

        return context_of(cast(Any, self.wsgi))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that can't be parsed, or that failed outside Flask."""
        if not isinstance(exc, Exception):
            return  # the worker stops, and kills its greenlets
        if not isinstance(exc, http.ParseException) or isinstance(exc, _OUR_FAULT):
            self.log.error("A request failed outside the application", exc_info=exc)
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side. Try again later."
        else:
            status, detail = next((a for kind, a in _REFUSALS.items() if isinstance(exc, kind)), _MALFORMED)
            # Only the kind of the error: its text repeats the request, tokens and line breaks included.
            self.log.info("Refused a malformed request from %s: %s", (addr or ("a socket",))[0], type(exc).__name__)
        try:
            util.write_nonblock(client, _problem(status, detail, self._app_context.public_url))
            util.close_graceful(client)
        except OSError:
            self.log.debug("The client closed the connection before its error was sent")


def _return_memory() -> None:
    """Return freed memory to the system now and then. Never return."""
    gevent.sleep(RETURN_SECONDS)
    return_free_memory = free_memory_returner()
    while True:
        gevent.get_hub().threadpool.apply(return_free_memory)
        gevent.sleep(RETURN_SECONDS)


_OUR_FAULT = (
    http.InvalidResponseHeader,  # type: ignore[attr-defined]  # the stubs are of an older gunicorn
    http.InvalidResponseHeaderName,  # type: ignore[attr-defined]
)
_MALFORMED = (HTTPStatus.BAD_REQUEST, "This is not a well-formed HTTP request.")
_REFUSALS = {
    # The path is not under SCRIPT_NAME. gunicorn calls that a problem of its configuration.
    http.ConfigurationProblem: (HTTPStatus.NOT_FOUND, "There is nothing at this address."),
    http.LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "The URL is too long."),
    http.LimitRequestHeaders: (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too long."),
    http.ExpectationFailed: (HTTPStatus.EXPECTATION_FAILED, "Only 100-continue can be expected of this server."),
    http.UnsupportedTransferCoding: (HTTPStatus.NOT_IMPLEMENTED, "This server reads no transfer coding but chunked."),
}


def _problem(status: HTTPStatus, detail: str, public_url: str | None) -> bytes:
    """Return a complete HTTP response with an RFC 9457 problem."""
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
        *(f"{name}: {value}" for name, value in (*DEFAULT_HEADERS, *security_headers(public_url))),
        "Vary: Origin",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
