"""The security headers of every answer, including the answers that gunicorn writes itself.

This module does not import Flask, because `serving` needs it before Flask is imported.
"""

from collections.abc import Callable, Iterable
from typing import Any

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_BEHIND_TLS = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),)

DEFAULT_HEADERS = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ("Cache-Control", "no-store"),
)
"""The headers of every answer that has no header of the same name."""
PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""The headers of a page. They isolate it from other windows and from the devices of the machine."""


def security_headers(public_url: str | None) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer of a server at this public URL."""
    return (*_ALWAYS, *_BEHIND_TLS) if (public_url or "").startswith("https://") else _ALWAYS


class SecurityHeadersMiddleware:
    """WSGI middleware that adds these headers and the default headers to every answer."""

    def __init__(self, app: Callable[..., Iterable[bytes]], headers: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._headers = tuple(headers)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            headers.extend(default for default in DEFAULT_HEADERS if default[0].lower() not in own)
            headers.extend(self._headers)
            return start_response(status, headers, *failure)

        return self._app(environ, start)
