"""The composition root: builds the application from its settings. It knows every part and holds no rules.

`wiring` builds the services, without HTTP. Any WSGI server can run the result: `gunicorn 'minichat.app:create_app()'`.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask

from minichat import __version__, admin, indexing, logs
from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.clients import Connections
from minichat.adapters.counters import MemoryRequestCounter
from minichat.adapters.host_hints import HintingNoticeBoard, HostHints
from minichat.adapters.peewee import ChatDatabase, open_database, server_clock
from minichat.adapters.peewee.operations import message_filling, migrate
from minichat.adapters.peewee.operations.reindex import reindex
from minichat.adapters.slots import FileStreamSlots
from minichat.adapters.tally import QueueTally
from minichat.adapters.workers import GunicornWorker, check_preload
from minichat.api import context, cross_origin, errors, hooks, instrumentation, openapi, routes
from minichat.api.application import ChatFlask, new_application
from minichat.api.context import AppContext
from minichat.api.events import JsonEvent, JsonEventWriter
from minichat.api.forwarding import AddressMiddleware
from minichat.api.headers import SecurityHeadersMiddleware, security_headers
from minichat.api.keeper import Keeper
from minichat.api.limits import Limits
from minichat.api.metrics import Metrics
from minichat.api.tokens import Tokens
from minichat.config import Settings
from minichat.domain.errors import Unavailable
from minichat.domain.model import Figure
from minichat.domain.ports import ClientWatcher, Clock, NoticeBoard
from minichat.domain.second_factor import SecondFactors
from minichat.domain.services import Services
from minichat.live.cursors import Cursors
from minichat.live.ephemeral import EphemeralEvents
from minichat.live.hub import POLL_SECONDS, SERVER_POLL_SECONDS, Hub
from minichat.mailing import MailSender
from minichat.wiring import derived_key, mailer_of, now, services_on, shared_file, typing_board

if TYPE_CHECKING:
    from minichat.adapters.redis import RedisAdapters
    from minichat.adapters.smtp import SmtpMailer

log = logging.getLogger(__name__)

STREAMS_PER_USER = 20
RENEWAL_SECONDS = 5.0
"""Interval between two attempts to encrypt the secrets of second factors with the current key."""


def create_app(
    settings: Settings | None = None,
    *,
    is_serving: bool = False,
    database: ChatDatabase | None = None,
    services: Services | None = None,
    clock: Clock | None = None,
    watch_client: ClientWatcher | None = None,
    tally: QueueTally | None = None,
) -> Flask:
    """Return the WSGI application.

    Without settings, read them from the environment, configure the log and migrate the database. `is_serving` lets this
    worker keep the figures and the secrets of second factors up to date. The other arguments are for tests.
    """
    check_preload()
    if settings is None:
        is_serving = True
        settings = Settings.load()
        logs.configure(settings.log_level, instrumentation.log_fields, instrumentation.sent_texts)
        primary = open_database(settings.database_url)
        migrate.upgrade(primary)
        reindex(primary, UnicodeCharacters())
        if not message_filling.progress(primary, UnicodeCharacters()).is_complete:
            indexing.start()
    database = database or open_database(settings.database_url, settings.replica_url)
    clock = clock or server_clock(database, now)
    tally = tally or QueueTally(clock)
    metrics = Metrics(
        __version__,
        has_redis=settings.redis_url is not None,
        count_refusal=partial(tally.count, Figure.REFUSALS),
    )
    redis = _redis(settings.redis_url, metrics) if settings.redis_url else None
    neighbours = _neighbours(settings)
    mailer = mailer_of(settings)
    services = services or services_on(
        database,
        settings,
        clock=clock,
        notices=_notice_board(settings, redis, neighbours),
        mailer=mailer,
        tally=tally,
        current_device=context.current_device,
    )
    tally.store_by(services.figures.record, in_background=is_serving)
    if is_serving:
        _renew_encryption(services.second_factors)
    if mailer is not None:
        _start_sending(services, mailer, metrics)
    limits = _limits(settings, redis, clock)
    live = _live_updates(settings, services, redis, neighbours, metrics, clock)
    database.on_commit = live.on_commit

    app = new_application(template_folder="admin/templates")
    app_context = AppContext(
        services=services,
        tokens=Tokens(app, [key.hex() for key in _keys(settings, "tokens")], clock, settings.access_ttl),
        clock=clock,
        ping_database=database.ping,
        public_url=settings.public_url,
        metrics=metrics,
        metrics_from=settings.metrics_from,
        cursors=live.cursors,
        origins=settings.cors_origins,
        events=live.events,
        hub=live.hub,
        keeper=Keeper(),
        watch_client=watch_client or Connections().watch,
        tally=tally,
        is_behind_proxies=settings.trusted_proxies > 0,
        count_request=limits.count if limits else None,
        came_online=live.came_online,
        redis_answers=redis.connection.answers if redis else None,
    )
    _install_api(app, app_context, limits)
    admin.install(app, derived_key(settings.secret_key, "admin cookie").hex(), is_behind_tls=_is_behind_tls(settings))
    cross_origin.install(app, settings.cors_origins)
    _install_middleware(app, settings)
    return app


def _renew_encryption(second_factors: SecondFactors) -> None:
    """Encrypt the secrets with the current key, later in the background if the database does not answer.

    A worker that could not start would end the server, and the others may still serve.
    """

    def renew() -> bool:
        try:
            second_factors.renew_encryption()
        except Unavailable as error:
            log.warning("the secrets of second factors still have their earlier key: %s", error)
            return False
        return True

    def renew_later() -> None:
        is_renewed = False
        while not is_renewed:
            time.sleep(RENEWAL_SECONDS)
            is_renewed = renew()
        log.info("the secrets of second factors have the current key")

    if not renew():
        threading.Thread(target=renew_later, name="minichat-renewal", daemon=True).start()


def _start_sending(services: Services, mailer: "SmtpMailer", metrics: Metrics) -> None:
    """Let this worker deliver mails, until it stops."""
    sender = MailSender(services.mail_delivery, metrics.count_mail)
    mailer.on_queued = sender.wake
    GunicornWorker().when_stopping(sender.stop)
    sender.start()


class _Live(NamedTuple):
    """The live updates of this worker."""

    cursors: Cursors
    events: JsonEventWriter
    hub: Hub[JsonEvent]
    on_commit: Callable[[], object]
    came_online: Callable[[], object]


def _live_updates(
    settings: Settings,
    services: Services,
    redis: "RedisAdapters | None",
    neighbours: HostHints | None,
    metrics: Metrics,
    clock: Clock,
) -> _Live:
    cursors = Cursors(_keys(settings, "cursors"))
    events = JsonEventWriter(services.change_log, cursors, clock)
    slots_file, open_slots = shared_file(settings, "streams")
    slots = FileStreamSlots(slots_file, STREAMS_PER_USER, open_slots)
    ephemeral = EphemeralEvents(services.presence, events, clock)
    hub = Hub(
        services.change_log,
        events,
        services.sessions.live_among,
        clock,
        max_listeners=settings.streams_per_worker,
        slots=redis.slots(slots, STREAMS_PER_USER) if redis else slots,
        ephemeral=ephemeral,
        worker=GunicornWorker(),
        hints=[hints for hints in (neighbours, redis.hints if redis else None) if hints is not None],
        poll_seconds=POLL_SECONDS if settings.is_embedded else SERVER_POLL_SECONDS,
        record_delay=metrics.record_delay,
    )
    on_commit = hub.wake if neighbours is None else neighbours.send
    if redis:
        return _Live(
            cursors,
            events,
            hub,
            redis.hinting_changes(on_commit),
            redis.hinting_presence(ephemeral.check_presence_soon),
        )
    return _Live(cursors, events, hub, on_commit, ephemeral.check_presence_soon)


def _redis(url: str, metrics: Metrics) -> "RedisAdapters":
    from minichat.adapters.redis import RedisAdapters  # here, because it costs each worker 6 MB

    assert metrics.redis is not None
    return RedisAdapters(url, metrics.redis)


def _neighbours(settings: Settings) -> HostHints | None:
    """Return the hints between the workers of this server, or None if they share no folder in memory."""
    folder = settings.shared_memory_dir
    return None if folder is None else HostHints(folder, is_complete=settings.is_embedded)


def _notice_board(settings: Settings, redis: "RedisAdapters | None", neighbours: HostHints | None) -> NoticeBoard:
    board: NoticeBoard = typing_board(settings)
    if neighbours is not None:
        board = HintingNoticeBoard(board, neighbours.send)
    return redis.notice_board(board) if redis else board


def _limits(settings: Settings, redis: "RedisAdapters | None", clock: Clock) -> Limits | None:
    """Return the rate limits, or None if they are off."""
    if not settings.rate_limits:
        return None
    counter = MemoryRequestCounter()
    return Limits(redis.counter(counter) if redis else counter, clock)


def _install_api(app: Flask, app_context: AppContext, limits: Limits | None) -> None:
    context.install(app, app_context)
    hooks.install(app, app_context.metrics, limits)
    openapi.install(app, __version__, routes.DOCUMENTED)
    for blueprint in routes.UNDOCUMENTED:
        app.register_blueprint(blueprint)
    errors.install(app)  # after flask-smorest, which registers a handler for the same errors


def _install_middleware(app: ChatFlask, settings: Settings) -> None:
    headers = security_headers(settings.public_url)
    app.wrap(lambda wrapped: SecurityHeadersMiddleware(wrapped, headers))
    app.wrap(
        lambda wrapped: AddressMiddleware(
            wrapped,
            trusted_proxies=settings.trusted_proxies,
            allowed_hosts=settings.allowed_hosts,
            public_url=settings.public_url,
            first_segments={rule.rule.split("/")[1] for rule in app.url_map.iter_rules()} - {""},
        )
    )


def _keys(settings: Settings, use: str) -> list[bytes]:
    """Return the keys for one use, the newest first. There are two while the operator changes the secret."""
    return [derived_key(secret, use) for secret in settings.secret_keys]


def _is_behind_tls(settings: Settings) -> bool:
    return (settings.public_url or "").startswith("https://")
