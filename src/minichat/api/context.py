"""The parts of the application that the API uses, and short functions for views: services, presenter, device, URLs.

`app` builds the context once. Authentication and the hooks around a request have their own modules.
"""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from flask import Flask, has_request_context

from minichat.api.current import current_application, current_request
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.api.keeper import Keeper
from minichat.api.metrics import Metrics
from minichat.api.parsing import header_text, without_controls
from minichat.api.presenting import Presenter
from minichat.api.request_state import caller_id
from minichat.api.tokens import Tokens
from minichat.domain.model import Details, Device, People
from minichat.domain.ports import ClientWatcher, Clock, Tally
from minichat.domain.services import Services
from minichat.live.cursors import Cursors
from minichat.live.hub import Hub

_EXTENSION = "minichat"


class AppContext(NamedTuple):
    """The parts of the application that the API uses."""

    services: Services
    tokens: Tokens
    clock: Clock
    ping_database: Callable[[], None]
    """Raises Unavailable if the database does not answer."""
    public_url: str | None
    metrics: Metrics
    metrics_from: tuple[IPv4Network | IPv6Network, ...]
    """The networks that may read the metrics."""
    is_behind_proxies: bool
    """Whether `X-Forwarded-*` comes from trusted proxies."""
    cursors: Cursors
    events: JsonEventWriter
    hub: Hub[JsonEvent]
    keeper: Keeper
    watch_client: ClientWatcher
    tally: Tally
    origins: tuple[str, ...]
    """The origins whose pages may call the API."""
    count_request: Callable[..., None] | None = None
    """See `Limits.count`. None if rate limits are off."""
    came_online: Callable[[], object] = lambda: None
    """Called after a log-in, a refresh, or a request of a user who was offline."""
    redis_answers: Callable[[], bool] | None = None
    """None if no Redis is configured."""


def install(app: Flask, app_context: AppContext) -> None:
    """Set the context of the app."""
    app.extensions[_EXTENSION] = app_context


def context() -> AppContext:
    """Return the context of the current app."""
    return context_of(current_application())


def context_of(app: Flask) -> AppContext:
    """Return the context of an app."""
    return cast(AppContext, app.extensions[_EXTENSION])


def services() -> Services:
    """Return the domain's services."""
    return context().services


def presenter(details: Details) -> Presenter:
    """Return a presenter for this request's caller. `details` holds every user in the answer."""
    return presenter_for(caller_id(), details)


def presenter_for(user_id: int, details: Details) -> Presenter:
    """Return a presenter for a user other than the caller, such as one who has just registered."""
    return Presenter(base_url(), context().clock(), user_id, details)


def presenter_of(people: People) -> Presenter:
    """Return a presenter for an answer without messages."""
    return presenter(Details(people))


def device() -> Device:
    """Return the user agent and the address of this request."""
    request = current_request()
    return Device(without_controls(header_text(request, "User-Agent")), request.remote_addr or "")


def current_device() -> Device:
    """Return the device of this request, or an empty one outside of requests."""
    return device() if has_request_context() else Device()


def base_url() -> str:
    """Return the start of absolute URLs, without a trailing slash."""
    return context().public_url or request_base_url()


def request_base_url() -> str:
    """Return the start of the URLs at the address of this request."""
    request = current_request()
    return f"{request.scheme}://{request.host}{request.root_path}"


def own_hosts() -> set[str]:
    """Return the hosts of this service, with ports: the host of this request and the host of the public URL."""
    return {current_request().host, urlsplit(base_url()).netloc}
