"""The composition root: builds the application from its settings. It knows everything and holds no rules.

What needs no HTTP is wired in `wiring`.

gunicorn 'minichat.app:create_app()'
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from minichat import __version__, logs
from minichat import admin as administration
from minichat.adapters.clients import ConnectionWatch
from minichat.adapters.counters import MemoryRequestCounter
from minichat.adapters.notices import Board
from minichat.adapters.peewee import ChatDatabase, open_database
from minichat.adapters.peewee.operations import migrating
from minichat.adapters.slots import FileStreamSlots
from minichat.api import context, cross_origin, errors, hooks, instrumentation, openapi, routes
from minichat.api.events import JsonEventWriter
from minichat.api.headers import SecuredAnswers, security_headers
from minichat.api.limits import Limits
from minichat.api.metrics import Metrics
from minichat.api.parsing import IdConverter
from minichat.api.policy import MAX_BODY_BYTES
from minichat.api.tokens import Tokens
from minichat.config import Settings
from minichat.domain.ports import ClientWatcher, Clock
from minichat.domain.retries import retry_on_conflict
from minichat.domain.services import Services
from minichat.live.cursors import Cursors
from minichat.live.ephemeral import EphemeralEvents
from minichat.live.hub import POLL_SECONDS, SERVER_POLL_SECONDS, Hub
from minichat.wiring import derived_key, now, services_on, shared_file, shared_memory_file

if TYPE_CHECKING:
    from minichat.adapters.redis import RedisAdapters

STREAMS_PER_USER = 20


def create_app(
    settings: Settings | None = None,
    *,
    database: ChatDatabase | None = None,
    services: Services | None = None,
    clock: Clock = now,
    watch_client: ClientWatcher = ConnectionWatch,
) -> Flask:
    """Return the WSGI application.

    By default everything is made from the environment, and the database is migrated; tests bring their own.
    """
    if settings is None:
        settings = Settings.load()
        logs.configure(settings.log_level, instrumentation.facts, instrumentation.sent_texts)
        migrating.upgrade(open_database(settings.database_url))
    database = database or open_database(settings.database_url, settings.replica_url)
    metrics = Metrics(__version__, has_redis=settings.redis_url is not None)
    redis = _redis(settings.redis_url, metrics) if settings.redis_url else None
    board = Board(shared_memory_file(settings, "typing"))
    notices = redis.notices(board) if redis else board
    services = services or services_on(database, settings, clock=clock, notices=notices)

    app = _App("minichat", static_folder=None, template_folder="admin/templates")
    app.url_map.strict_slashes = False  # with or without the last slash, and never by a redirect that loses a body
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # see `parsing`
    app.config["TRUSTED_HOSTS"] = list(settings.allowed_hosts) or None
    token_keys = [derived_key(secret, "tokens").hex() for secret in settings.secret_keys]
    tokens = Tokens(app, token_keys, clock, settings.access_ttl)
    counter = redis.counter(MemoryRequestCounter()) if redis else MemoryRequestCounter()
    limits = Limits(counter, clock) if settings.rate_limits else None
    cursors = Cursors([derived_key(secret, "cursors") for secret in settings.secret_keys])
    events = JsonEventWriter(services.change_log, cursors, clock)
    slots = FileStreamSlots(shared_file(settings, "streams"), STREAMS_PER_USER)
    ephemeral = EphemeralEvents(services.presence, events, clock)
    hub = Hub(
        services.change_log,
        events,
        services.sessions.live_among,
        clock,
        max_listeners=settings.streams_per_worker,
        slots=redis.slots(slots, STREAMS_PER_USER) if redis else slots,
        ephemeral=ephemeral,
        hints=redis.channel if redis else None,
        poll_seconds=POLL_SECONDS if settings.is_embedded else SERVER_POLL_SECONDS,
        record_delay=metrics.lagged,
    )
    committed, came_online = hub.wake, ephemeral.check_presence_soon
    if redis:
        committed, came_online = redis.spread_changes(committed), redis.spread_presence(came_online)
    database.on_commit = committed
    context.install(
        app,
        context.AppContext(
            services=services,
            tokens=tokens,
            clock=clock,
            ping_database=database.ping,
            public_url=settings.public_url,
            metrics=metrics,
            metrics_from=settings.metrics_from,
            cursors=cursors,
            origins=settings.cors_origins,
            events=events,
            hub=hub,
            watch_client=watch_client,
            is_behind_proxies=settings.trusted_proxies > 0,
            count_request=limits.count if limits else None,
            came_online=came_online,
            redis_answers=redis.connection.answers if redis else None,
        ),
    )
    hooks.install(app, metrics, limits)
    openapi.install(app, __version__, routes.DOCUMENTED)
    for blueprint in routes.UNDOCUMENTED:
        app.register_blueprint(blueprint)
    errors.register(app)  # after smorest, which registers a handler for the same errors
    administration.install(
        app,
        derived_key(settings.secret_key, "admin cookie").hex(),
        is_behind_tls=(settings.public_url or "").startswith("https://"),
    )
    cross_origin.install(app, settings.cors_origins)
    app.wsgi_app = SecuredAnswers(app.wsgi_app, security_headers(settings.public_url))  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


class _App(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: all ours are plain ones, which spares each request looking eight times."""
        return func

    def dispatch_request(self) -> Any:
        """Answer the request, again if its transaction clashed with another."""
        return retry_on_conflict(super().dispatch_request)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Find a WebSocket's route like any other: what is wrong with a handshake is told by the view."""
        adapter = super().create_url_adapter(request)
        if adapter is not None:
            adapter.websocket = False
        return adapter


def _redis(url: str, metrics: Metrics) -> "RedisAdapters":
    from minichat.adapters.redis import RedisAdapters  # late: 6 MB of each worker

    assert metrics.redis is not None
    return RedisAdapters(url, metrics.redis)
