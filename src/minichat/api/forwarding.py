"""The address of each request: the client, and the scheme, host and path that the client used.

WSGI middleware, outside all other code. It takes them from the connection and, behind trusted proxies, from the
`X-Forwarded-*` headers. Everything after it reads `request.remote_addr`, `scheme`, `host` and `root_path`. `Forwarded`
(RFC 7239), `X-Forwarded-Port` and `X-Real-IP` have no effect.

werkzeug's ProxyFix is not exact enough. In it a client's quotation mark swallows the entry that our proxy appends, any
text is an address, `wss` is a scheme of its own, and a header that one of two proxies passes on unchanged is ignored.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from minichat.addresses import MAX_AUTHORITY_LENGTH, AllowedHosts, authority, client_address, path_prefix

_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_REMEMBERED_HOSTS = 256

Environ = dict[str, Any]


class AddressMiddleware:
    """Sets REMOTE_ADDR, wsgi.url_scheme, HTTP_HOST, SCRIPT_NAME and PATH_INFO. HTTP_HOST is empty if it is refused."""

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        *,
        trusted_proxies: int,
        allowed_hosts: tuple[str, ...],
        public_url: str | None,
        first_segments: Container[str],
    ) -> None:
        """`first_segments` are the first segments of our own paths, such as `api`."""
        self._app = app
        self._trusted_proxies = trusted_proxies
        self._allowed_hosts = AllowedHosts(allowed_hosts)
        parts = urlsplit(public_url or "")
        self._public_path = parts.path
        self._has_public_url = public_url is not None
        names = sorted(allowed_hosts, key=lambda name: name.startswith("."))
        self._usual_host = parts.netloc or next((name.removeprefix(".") for name in names), None)
        self._first_segments = first_segments
        self._checked_host = lru_cache(_REMEMBERED_HOSTS)(self._check_host)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = self._client(environ)
        environ["wsgi.url_scheme"] = self._scheme(environ)
        environ["HTTP_HOST"] = self._host(environ)
        self._set_path(environ)
        return self._app(environ, start_response)

    def _forwarded(self, environ: Environ, name: str) -> Sequence[str]:
        """Return the entries of a forwarded header that trusted proxies wrote, that of the outermost proxy first.

        There may be fewer entries than proxies: some proxies pass a header on instead of appending to it.
        """
        value = environ.get(f"HTTP_X_FORWARDED_{name}") if self._trusted_proxies else None
        if not value:
            return ()
        return [entry for entry in map(str.strip, value.split(",")) if entry][-self._trusted_proxies :]

    def _client(self, environ: Environ) -> str:
        """Return the client's IP address; if an entry is no address, that of the proxy behind it. Empty if unknown."""
        candidates = [*self._forwarded(environ, "FOR"), environ.get("REMOTE_ADDR") or ""]
        return next(filter(None, map(client_address, candidates)), "")

    def _scheme(self, environ: Environ) -> str:
        scheme: str = environ["wsgi.url_scheme"]
        return next((_SCHEMES.get(entry.lower(), scheme) for entry in self._forwarded(environ, "PROTO")), scheme)

    def _host(self, environ: Environ) -> str:
        """Return the host with its port, or an empty text if it is malformed or not allowed."""
        target: str = environ.get("RAW_URI") or "/"
        named = next(iter(self._forwarded(environ, "HOST")), "")
        # A complete URL as target replaces the `Host` header (RFC 9112, section 3.2.2).
        named = named or (environ.get("HTTP_HOST") if target[0] in "/*" else _netloc(target)) or ""
        if not named and environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
            return self._usual_host or _server(environ)
        return self._checked_host(named, environ["wsgi.url_scheme"]) if len(named) <= MAX_AUTHORITY_LENGTH else ""

    def _check_host(self, named: str, scheme: str) -> str:
        found = authority(named)
        return "" if found is None or found.host not in self._allowed_hosts else found.text(scheme)

    def _set_path(self, environ: Environ) -> None:
        """Set the path under which the chat stands, and the path below it, whether or not the proxy has removed it."""
        mounted: str = environ.get("SCRIPT_NAME") or ""
        reported = self._reported_prefix(environ)
        if not (mounted or reported or self._public_path):
            return
        path: str = environ.get("PATH_INFO") or ""
        inner = path_prefix(mounted) or ""
        outer = reported or self._public_path
        # The server's own prefix may be part of the other one. A public URL is complete in any case.
        prefix = outer if outer.endswith(inner) else f"{outer}{inner}" if reported else inner
        if not mounted:
            # Many proxies pass on a client's X-Forwarded-Prefix. To remove it would evade their rules for paths.
            path = self._without_prefix(path, self._public_path if self._has_public_url else prefix)
        elif path and not path.startswith("/"):  # gunicorn compares no segments: /chatter begins with /chat
            path = f"/{path}" if mounted.endswith("/") else f"{mounted}{path}"
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path

    def _reported_prefix(self, environ: Environ) -> str:
        """Return the path that the proxies have removed, each its own part; empty if that can't be a path."""
        parts = self._forwarded(environ, "PREFIX")
        return (path_prefix("".join(part.removesuffix("/") for part in parts)) or "") if parts else ""

    def _without_prefix(self, path: str, prefix: str) -> str:
        """Return the path below the prefix, if the proxy has not removed it.

        A prefix such as `/api` also begins our own paths. Then it is removed only if one of our paths remains.
        """
        rest = path.removeprefix(prefix)
        if not path.startswith(prefix) or (rest and not rest.startswith("/")):
            return path
        is_ambiguous = self._is_own(path) and not self._is_own(rest)
        return path if is_ambiguous else rest or "/"

    def _is_own(self, path: str) -> bool:
        return path[1:].partition("/")[0] in self._first_segments


def _netloc(target: str) -> str:
    try:
        return urlsplit(target).netloc
    except ValueError:
        return ""


def _server(environ: Environ) -> str:
    """Return the address at which the server listens; empty if that is a Unix socket."""
    name, port = environ.get("SERVER_NAME", ""), environ.get("SERVER_PORT", "")
    found = authority(f"[{name}]:{port}" if ":" in name else f"{name}:{port}")
    return found.text(environ["wsgi.url_scheme"]) if found and found.port else ""
