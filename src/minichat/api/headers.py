"""The headers that protect whoever gets an answer, the same on every one, whatever part of the server writes it.

This stands apart from `context` because `serving` needs it where Flask is not imported.
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

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of whatever is no page."""
PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What a page needs besides: no other window holds on to it, and it asks for nothing of the device."""


def security_headers(public_url: str | None) -> tuple[tuple[str, str], ...]:
    """What stands on every answer of a server that people reach at `public_url`."""
    return (*_ALWAYS, *_BEHIND_TLS) if (public_url or "").startswith("https://") else _ALWAYS


class SecuredAnswers:
    """A WSGI application around another, on each of whose answers these headers stand, whoever made it."""

    def __init__(self, app: Callable[..., Iterable[bytes]], headers: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._headers = tuple(headers)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            headers.extend(self._headers)
            return start_response(status, headers, *failure)

        return self._app(environ, start)
