"""The Flask application of minichat, without its routes."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter, Rule

from minichat.api.parsing import IdConverter
from minichat.api.policy import MAX_BODY_BYTES
from minichat.domain.retries import retry_on_conflict

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


Routes = dict[tuple[str, str, bool], tuple[Any, Mapping[str, Any]]]
"""The rules, and the values in the path, of methods and paths with a route. WebSockets have their own."""

_REMEMBERED = 512
"""Maximum number of paths whose routes a worker keeps."""


class AddressedRequest(Request):
    """A request whose host `forwarding` has checked. werkzeug would check it again, by another definition of a host."""

    @cached_property
    def host(self) -> str:
        """The host with its port; empty if the request names none that is allowed."""
        named: str = self.environ.get("HTTP_HOST", "")
        return named


class ChatRule(Rule):
    """A route that compiles the code for building its URL at the first use.

    A worker builds few URLs, and compiling the code for all of them would take half of the time of `create_app`.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        @cache
        def builder() -> Callable[..., tuple[str, str]]:
            return super(ChatRule, self)._compile_builder(append_unknown)

        return lambda rule, /, **values: builder()(rule, **values)


class RememberingAdapter(MapAdapter):
    """The router of one request. It remembers the latest paths that have a route.

    werkzeug compares a path part by part, which takes a twentieth of the time of a page of messages.
    """

    def __init__(self, found: Routes, *args: Any, **options: Any) -> None:
        """`found` are the remembered routes of the application."""
        super().__init__(*args, **options)
        self._found = found

    def match(self, *args: Any, **options: Any) -> Any:
        """Return the route of the request, or of the arguments. Raises the errors of the parent class."""
        if args or options != {"return_rule": True}:  # not the call of each request
            return super().match(*args, **options)
        key = (self.default_method, self.path_info, self.websocket)
        found = self._found.get(key)
        if found is None:
            found = super().match(return_rule=True)
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = found
        rule, values = found
        return rule, {**values}


class ChatFlask(Flask):
    """Flask with WSGI middleware, retries of conflicting transactions, and routing of WebSocket handshakes."""

    request_class = AddressedRequest
    url_rule_class = ChatRule

    def __init__(self, name: str, *, template_folder: str | None) -> None:
        super().__init__(name, static_folder=None, template_folder=template_folder)
        self._outermost: WSGIApplication = super().wsgi_app
        self._found_routes: Routes = {}

    def wrap(self, middleware: "Callable[[WSGIApplication], WSGIApplication]") -> None:
        """Add a WSGI middleware outside all others."""
        self._outermost = middleware(self._outermost)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._outermost(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function unchanged: all views and hooks are synchronous. Flask would check each of them."""
        return func

    def dispatch_request(self) -> Any:
        """Answer the request, and retry if its transaction conflicted with another."""
        return retry_on_conflict(super().dispatch_request)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Route a WebSocket handshake like any request, so that its view can report errors in it.

        `Map.bind` would check the host again, as werkzeug's `Request.host` would.
        """
        if request is None:
            return None
        return RememberingAdapter(
            self._found_routes,
            self.url_map,
            server_name=request.host,
            script_name=request.root_path,
            subdomain="",
            url_scheme=request.scheme,
            path_info=request.path,
            default_method=request.method,
        )


def new_application(template_folder: str | None = None) -> ChatFlask:
    """Return an application without routes."""
    app = ChatFlask("minichat", template_folder=template_folder)
    app.url_map.strict_slashes = False  # a redirect to the path with a slash would lose the body of a POST
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # `parsing` recognises a longer body by the extra byte
    return app
