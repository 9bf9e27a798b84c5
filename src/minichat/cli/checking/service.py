"""Checks of the running chat at its URL, through the proxy in front, without an account."""

import http.client
import json
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

PATIENCE_SECONDS = 10.0
"""Maximum time that a check waits for an answer."""
STREAM_SECONDS = 3.0
"""Maximum time until a live stream begins. It begins at once, unless a proxy buffers it."""
ELSEWHERE = "elsewhere.invalid"
MAX_WORKERS = 40
"""Assumed maximum number of workers. Of one more requests, at least two reach the same worker."""

Unreachable = (OSError, http.client.HTTPException)


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    came_from: str
    """The address of this machine on the connection."""


class Service:
    """A running chat."""

    def __init__(self, url: str, connect_to: tuple[str, int] | None = None) -> None:
        """Reach `url`, or the address `connect_to` (host and port) under the name of the URL."""
        self.url = url
        parts = urlsplit(url)
        self.is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._netloc = parts.netloc
        self._base = parts.path.rstrip("/")
        self._address = connect_to or (self._host, parts.port or (443 if self.is_tls else 80))

    def ask(self, path: str, **headers: str) -> Answer:
        """Return the answer to a GET of the path. Raises one of `Unreachable`."""
        connection, came_from = self._connection()
        with closing(connection):
            connection.request("GET", f"{self._base}{path}", headers=self._fields(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, came_from)

    def base_in_document(self) -> str | None:
        """Return the server that the OpenAPI document names, or None. Raises one of `Unreachable`."""
        connection, _ = self._connection()
        with closing(connection):
            connection.request("GET", f"{self._base}/api/openapi.json", headers=self._fields({}))
            body = connection.getresponse().read()
        try:
            return str(json.loads(body)["servers"][0]["url"])
        except (ValueError, LookupError, TypeError):
            return None

    def first_bytes(self, path: str, **headers: str) -> tuple[int, float | None]:
        """Return the status and the seconds until the body began, or None if it did not begin in time."""
        connection, _ = self._connection()
        sock = connection.sock  # the connection drops its reference if the answer has no length
        with closing(connection):
            connection.request("GET", f"{self._base}{path}", headers=self._fields(headers))
            with connection.getresponse() as response:
                began = time.monotonic()
                sock.settimeout(STREAM_SECONDS)
                try:
                    response.read1(1)
                except TimeoutError:
                    return response.status, None
                return response.status, time.monotonic() - began

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        sock = socket.create_connection(self._address, PATIENCE_SECONDS)
        if self.is_tls:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=self._host)
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE_SECONDS)
        connection.sock = sock
        return connection, sock.getsockname()[0]

    def _fields(self, headers: dict[str, str]) -> dict[str, str]:
        return {"Host": self._netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}


Check = Callable[[Service], Iterator[Finding]]


def readiness(service: Service) -> Iterator[Finding]:
    status = service.ask("/readyz").status
    if status == HTTPStatus.OK:
        yield ok("readiness", "The chat is ready.")
    else:
        yield wrong("readiness", f"/readyz answers {status} instead of 200.")


def encryption(service: Service) -> Iterator[Finding]:
    if service.is_tls:
        yield ok("TLS", "The certificate is valid.")
    else:
        yield wrong("TLS", "The URL is not https: anybody on the network path can read the messages.")


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
        yield wrong(
            "headers", f"Answers have {', '.join(doubled)} twice. Remove them from the proxy; minichat sends them."
        )
    if not missing and not doubled:
        yield ok("headers", f"Answers have {', '.join(wanted)}.")


def links(service: Service) -> Iterator[Finding]:
    """Check whether the URLs in answers lead to where the operator asked."""
    shown = service.base_in_document()
    if shown is None:
        yield wrong("links", "/api/openapi.json names no server, so it does not come from this version of minichat.")
    elif shown != service.url:
        yield wrong("links", f"Links begin with {shown} instead of {service.url}. Set MINICHAT_PUBLIC_URL.")
    else:
        yield ok("links", f"Links begin with {shown}.")


def other_names(service: Service) -> Iterator[Finding]:
    try:
        status = service.ask("/readyz", Host=ELSEWHERE).status
    except Unreachable:
        status = HTTPStatus.MISDIRECTED_REQUEST
    if status < HTTPStatus.BAD_REQUEST:
        yield wrong("other hosts", f"The chat answers requests for {ELSEWHERE}. Set MINICHAT_ALLOWED_HOSTS.")
    else:
        yield ok("other hosts", "The chat refuses requests for other hosts.")


def other_origins(service: Service) -> Iterator[Finding]:
    origin = f"https://{ELSEWHERE}"
    allowed = service.ask("/api/auth/me/", Origin=origin).headers.get("Access-Control-Allow-Origin")
    if allowed in {origin, "*"}:
        yield wrong("other origins", f"Pages of any origin may call the API (Access-Control-Allow-Origin: {allowed}).")
    else:
        yield ok("other origins", "Pages of other origins may not call the API.")


def public_metrics(service: Service) -> Iterator[Finding]:
    plain = service.ask("/metrics")
    if plain.status == HTTPStatus.OK and ip_address(plain.came_from).is_loopback:
        yield note("public metrics", f"/metrics answers {plain.came_from}, this machine. Check again from another one.")
    elif plain.status == HTTPStatus.OK:
        yield wrong(
            "public metrics", f"/metrics answers {plain.came_from}. Restrict MINICHAT_METRICS_FROM, or the proxy."
        )
    elif service.ask("/metrics", X_Forwarded_For="127.0.0.1").status == HTTPStatus.OK:
        yield wrong("public metrics", "/metrics answers clients that send X-Forwarded-For: 127.0.0.1.")
    else:
        yield ok("public metrics", "/metrics refuses strangers.")


def client_address(service: Service) -> Iterator[Finding]:
    """Check whether a client can forge its address: a forged address would have a full rate limit."""
    subject = "client address"
    for _ in range(MAX_WORKERS):  # without Redis each worker counts alone
        found = service.ask("/api/auth/me/", X_Forwarded_For=_unused_address()).headers
        limit, left = (found.get(f"X-RateLimit-{name}", "") for name in ("Limit", "Remaining"))
        if not (_is_number(limit) and _is_number(left)):
            yield note(
                subject, "Not checked, because answers have no rate limit, which would reveal a forged X-Forwarded-For."
            )
            return
        if int(left) < int(limit) - 1:
            yield ok(subject, "The chat ignores X-Forwarded-For from clients.")
            return
    yield wrong(
        subject, "Clients can forge X-Forwarded-For. Let the proxy overwrite it, and set MINICHAT_TRUSTED_PROXIES."
    )


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,12}", text) is not None


def _unused_address() -> str:
    """Return an address from the networks that are reserved for benchmarks (RFC 2544)."""
    return f"198.{18 + secrets.randbelow(2)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def live(service: Service, token: str | None) -> Iterator[Finding]:
    """Check whether a live stream begins at once."""
    if token is None:
        yield note("live updates", "Not checked. Pass an access token with --token-stdin to try a stream.")
        return
    status, seconds = service.first_bytes("/api/chat/events/", Authorization=f"Bearer {token}")
    if status != HTTPStatus.OK:
        yield wrong("live updates", f"The stream answers {status}. The token may have expired.")
    elif seconds is None:
        yield wrong("live updates", "The stream stays silent. Turn buffering off in the proxy (proxy_buffering off).")
    else:
        yield ok("live updates", f"The stream begins after {seconds * 1000:.0f} ms.")


CHECKS: tuple[Check, ...] = (encryption, headers, links, other_names, other_origins, public_metrics, client_address)


def check(service: Service, token: str | None) -> Iterator[Finding]:
    """Yield the findings of all checks; only readiness if the chat can't be reached."""
    try:
        yield from readiness(service)
    except Unreachable as error:
        yield wrong("readiness", f"The chat can't be reached: {error}.")
        return
    for one in CHECKS:
        yield from _guarded(one, one(service))
    yield from _guarded(live, live(service, token))


def _guarded(run: Callable[..., Iterator[Finding]], found: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from found
    except Unreachable as error:
        yield wrong(run.__name__.replace("_", " "), f"The connection failed: {str(error) or type(error).__name__}.")
