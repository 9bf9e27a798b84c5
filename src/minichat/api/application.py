"""The Flask application of minichat, before any route stands in it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter

from minichat.api.parsing import IdConverter
from minichat.api.policy import MAX_BODY_BYTES
from minichat.domain.retries import retry_on_conflict

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ChatFlask(Flask):
    """Flask, with WSGI middleware around it, transactions that are retried, and WebSockets routed like any request."""

    def __init__(self, name: str, *, template_folder: str) -> None:
        super().__init__(name, static_folder=None, template_folder=template_folder)
        self._outermost: WSGIApplication = super().wsgi_app

    def wrap(self, middleware: "Callable[[WSGIApplication], WSGIApplication]") -> None:
        """Put a WSGI middleware around everything so far."""
        self._outermost = middleware(self._outermost)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._outermost(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function. All of ours are synchronous, so no request needs to check that eight times."""
        return func

    def dispatch_request(self) -> Any:
        """Answer the request, and retry if its transaction conflicted with another."""
        return retry_on_conflict(super().dispatch_request)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Route a WebSocket handshake like any request: its view reports what is wrong with it."""
        adapter = super().create_url_adapter(request)
        if adapter is not None:
            adapter.websocket = False
        return adapter


def new_application(template_folder: str, allowed_hosts: Iterable[str]) -> ChatFlask:
    """Return an application without routes. An empty `allowed_hosts` allows any `Host`."""
    app = ChatFlask("minichat", template_folder=template_folder)
    app.url_map.strict_slashes = False  # a redirect to the path with a slash would lose the body of a POST
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # see `parsing`
    app.config["TRUSTED_HOSTS"] = list(allowed_hosts) or None
    return app
