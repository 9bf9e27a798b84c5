"""Checks of what runs, asked as a stranger asks it: through whatever stands in front."""

import http.client
import re
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from minichat.cli.checking.findings import Finding, note, ok, wrong

PATIENCE = 10.0
"""How long an answer is waited for, in seconds."""
PROMPT = 3.0
"""How soon a live stream must say something, in seconds; it does at once, unless it is held back on the way."""
ELSEWHERE = "elsewhere.invalid"
MOST_WORKERS = 40
"""After so many requests, two must have been answered by the same worker."""

Unreachable = (OSError, http.client.HTTPException)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    came_from: str
    """Our address on that connection."""


class Service:
    """A chat that runs somewhere."""

    def __init__(self, url: str, connect_to: tuple[str, int] | None = None) -> None:
        """`url` is what people use; `connect_to`, a host and a port, leads to another place than its name does."""
        parts = urlsplit(url)
        self.is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._netloc = parts.netloc
        self._base = parts.path.rstrip("/")
        self._address = connect_to or (self._host, parts.port or (443 if self.is_tls else 80))

    def ask(self, path: str, **headers: str) -> Answer:
        """GET a path. Raises one of `Unreachable`."""
        connection, came_from = self._connection()
        with closing(connection):
            connection.request("GET", f"{self._base}{path}", headers=self._fields(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, came_from)

    def first_bytes(self, path: str, **headers: str) -> tuple[int, float | None]:
        """The status, and how many seconds the first of the body took; None if it did not come in time."""
        connection, _ = self._connection()
        sock = connection.sock  # which the connection forgets where the answer has no end of its own
        with closing(connection):
            connection.request("GET", f"{self._base}{path}", headers=self._fields(headers))
            with connection.getresponse() as response:
                began = time.monotonic()
                sock.settimeout(PROMPT)
                try:
                    response.read1(1)
                except TimeoutError:
                    return response.status, None
                return response.status, time.monotonic() - began

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        sock = socket.create_connection(self._address, PATIENCE)
        if self.is_tls:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        connection.sock = sock
        return connection, sock.getsockname()[0]

    def _fields(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Host": self._netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}


Check = Callable[[Service], Iterator[Finding]]


def readiness(service: Service) -> Iterator[Finding]:
    status = service.ask("/readyz").status
    if status == HTTPStatus.OK:
        yield ok("readiness", "It is ready.")
    else:
        yield wrong("readiness", f"/readyz answers {status} where 200 is right.")


def encryption(service: Service) -> Iterator[Finding]:
    if service.is_tls:
        yield ok("TLS", "Its certificate is good.")
    else:
        yield wrong("TLS", "It is asked without TLS: everybody on the way reads along.")


def headers(service: Service) -> Iterator[Finding]:
    found = service.ask("/api/auth/me/").headers
    wanted = ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"]
    if service.is_tls:
        wanted.append("Strict-Transport-Security")
    counted = {name: len(found.get_all(name, [])) for name in wanted}
    missing = [name for name, times in counted.items() if not times]
    doubled = [name for name, times in counted.items() if times > 1]
    if missing:
        yield wrong("headers", f"Answers lack {', '.join(missing)}.")
    if doubled:
        yield wrong("headers", f"Answers have {', '.join(doubled)} twice: leave them to minichat.")
    if not missing and not doubled:
        yield ok("headers", f"Answers have {', '.join(wanted)}.")


def other_names(service: Service) -> Iterator[Finding]:
    try:
        status = service.ask("/readyz", Host=ELSEWHERE).status
    except Unreachable:
        status = HTTPStatus.MISDIRECTED_REQUEST
    if status < HTTPStatus.BAD_REQUEST:
        yield wrong("other hosts", f"A request for {ELSEWHERE} is answered: set MINICHAT_ALLOWED_HOSTS.")
    else:
        yield ok("other hosts", "A request for another host is refused.")


def other_origins(service: Service) -> Iterator[Finding]:
    origin = f"https://{ELSEWHERE}"
    allowed = service.ask("/api/auth/me/", Origin=origin).headers.get("Access-Control-Allow-Origin")
    if allowed in {origin, "*"}:
        yield wrong("other origins", f"Any page may call it (Access-Control-Allow-Origin: {allowed}).")
    else:
        yield ok("other origins", "Pages elsewhere may not call it.")


def public_metrics(service: Service) -> Iterator[Finding]:
    plain = service.ask("/metrics")
    if plain.status == HTTPStatus.OK and ip_address(plain.came_from).is_loopback:
        yield note("public metrics", f"/metrics answers {plain.came_from}, which is here: ask from elsewhere.")
    elif plain.status == HTTPStatus.OK:
        yield wrong("public metrics", f"/metrics answers {plain.came_from}; see MINICHAT_METRICS_FROM, and the proxy.")
    elif service.ask("/metrics", X_Forwarded_For="127.0.0.1").status == HTTPStatus.OK:
        yield wrong("public metrics", "/metrics answers who says X-Forwarded-For: 127.0.0.1.")
    else:
        yield ok("public metrics", "/metrics is not for strangers.")


def client_address(service: Service) -> Iterator[Finding]:
    """Whether who calls can say where from: each address that is believed has a whole limit to itself."""
    what = "client address"
    for _ in range(MOST_WORKERS):  # without a Redis, each counts by itself
        found = service.ask("/api/auth/me/", X_Forwarded_For=_made_up()).headers
        limit, left = (found.get(f"X-RateLimit-{name}", "") for name in ("Limit", "Remaining"))
        if not (_is_number(limit) and _is_number(left)):
            yield note(what, "Answers tell of no limit, by which could be seen whether X-Forwarded-For is believed.")
            return
        if int(left) < int(limit) - 1:
            yield ok(what, "What a client says in X-Forwarded-For is not believed.")
            return
    yield wrong(what, "Who sends X-Forwarded-For is believed: let the proxy write it, and count the proxies.")


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,12}", text) is not None


def _made_up() -> str:
    """An address of those that are for benchmarks, where nobody is (RFC 2544)."""
    return f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def live(service: Service, token: str | None) -> Iterator[Finding]:
    """Whether a stream says something at once."""
    if token is None:
        yield note("live updates", "Not looked at, which takes an access token: --token-stdin.")
        return
    status, seconds = service.first_bytes("/api/chat/events/", Authorization=f"Bearer {token}")
    if status != HTTPStatus.OK:
        yield wrong("live updates", f"The stream is refused with {status}: the token may have expired.")
    elif seconds is None:
        yield wrong("live updates", "Nothing comes: the proxy collects what it should hand on (proxy_buffering off).")
    else:
        yield ok("live updates", f"They begin after {seconds * 1000:.0f} ms.")


CHECKS: tuple[Check, ...] = (encryption, headers, other_names, other_origins, public_metrics, client_address)


def check(service: Service, token: str | None) -> Iterator[Finding]:
    """All that can be seen from outside; little, if nobody answers."""
    try:
        yield from readiness(service)
    except Unreachable as error:
        yield wrong("readiness", f"It can't be reached: {error}.")
        return
    for one in CHECKS:
        yield from _guarded(one, one(service))
    yield from _guarded(live, live(service, token))


def _guarded(what: Callable[..., Iterator[Finding]], found: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from found
    except Unreachable as error:
        yield wrong(what.__name__.replace("_", " "), f"It broke off: {str(error) or type(error).__name__}.")
