"""Checks of the settings, of the files, and of the servers that minichat leans on."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Generator, Iterator
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from minichat.cli.checking.findings import Finding, note, ok, wrong
from minichat.config import Settings
from minichat.domain.errors import Unavailable

if TYPE_CHECKING:
    from minichat.adapters.peewee import ChatDatabase

Check = Callable[[Settings], Iterator[Finding]]

MOST_SKEW = 3_000
"""How far the clocks of this host and of the database may be apart, in milliseconds."""
MOST_HELD_UP = 10_000
"""How long changes may wait until they are told, in milliseconds; no transaction of minichat's own lasts as long."""
EARLIEST = 1_767_225_600_000
"""The beginning of 2026, before which no clock can be right, in milliseconds since the Unix epoch."""
LEAST_FREE = 2**30
"""How much room a file system should have, in bytes."""


def secret(settings: Settings) -> Iterator[Finding]:
    if not settings.secret_key:
        yield note("secret", "There is none yet: the first start makes one, beside the database.")
        return
    made = None if not settings.is_embedded else settings.secret_key_path
    if made is not None and made.is_file() and made.read_text().strip() == settings.secret_key:
        yield note("secret", f"minichat made it and keeps it in {made}: it is lost with that file.")
    else:
        yield ok("secret", "MINICHAT_SECRET_KEY is set and strong.")
    if settings.secret_key_previous is not None:
        yield note("secret", "MINICHAT_SECRET_KEY_PREVIOUS is set: take it away once the change of the secret is over.")


def public_url(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    if url is None:
        yield wrong("public URL", "MINICHAT_PUBLIC_URL is not set: links are made of what each request's Host says.")
    elif not url.startswith("https://"):
        yield wrong("public URL", f"MINICHAT_PUBLIC_URL is {url}: without https:// everybody on the way reads along.")
    else:
        yield ok("public URL", f"People come to {url}.")


def allowed_hosts(settings: Settings) -> Iterator[Finding]:
    names = settings.allowed_hosts
    host = urlsplit(settings.public_url or "").hostname or ""
    if not names:
        yield wrong("hosts", "MINICHAT_ALLOWED_HOSTS is empty: a request may name any host.")
    elif host and not any(host == name.lstrip(".") or (name[0] == "." and host.endswith(name)) for name in names):
        yield wrong("hosts", f"MINICHAT_ALLOWED_HOSTS leaves out {host}, to which MINICHAT_PUBLIC_URL sends people.")
    else:
        yield ok("hosts", f"Requests may be for {', '.join(names)}.")


def proxies(settings: Settings) -> Iterator[Finding]:
    number = settings.trusted_proxies
    if number:
        yield ok("proxies", f"X-Forwarded-For counts as the last {number} in front {_have(number)} written it.")
    elif (settings.public_url or "").startswith("https://"):
        yield wrong(
            "proxies", "MINICHAT_TRUSTED_PROXIES is 0, yet something in front speaks TLS: all clients look like that."
        )
    else:
        yield ok("proxies", "There is none in front, so nobody is believed in X-Forwarded-For.")


def _have(number: int) -> str:
    return "proxy has" if number == 1 else "proxies have"


def origins(settings: Settings) -> Iterator[Finding]:
    unsafe = [origin for origin in settings.cors_origins if not origin.startswith("https://") or _is_local(origin)]
    if unsafe:
        yield wrong("CORS", f"MINICHAT_CORS_ORIGINS lets in {', '.join(unsafe)}: leave out what is local or not https.")
    elif settings.cors_origins:
        yield ok("CORS", f"Pages of {', '.join(settings.cors_origins)} may call the API.")
    else:
        yield ok("CORS", "No page elsewhere may call the API.")


def _is_local(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def limits(settings: Settings) -> Iterator[Finding]:
    if settings.rate_limits:
        yield ok("rate limits", "They are on.")
    else:
        yield wrong("rate limits", "MINICHAT_RATE_LIMITS is off: nothing slows down who guesses passwords.")


def metrics(settings: Settings) -> Iterator[Finding]:
    for network in settings.metrics_from:
        if network.prefixlen < 8:
            yield wrong("metrics", f"MINICHAT_METRICS_FROM has {network}: half the world may read /metrics.")
        elif not network.is_private:
            yield note("metrics", f"MINICHAT_METRICS_FROM has {network}, which is a public network.")
    if all(network.is_private for network in settings.metrics_from):
        yield ok("metrics", f"They are for {', '.join(map(str, settings.metrics_from)) or 'nobody'}.")


def log_level(settings: Settings) -> Iterator[Finding]:
    if settings.log_level == "debug":
        yield wrong("log", "MINICHAT_LOG_LEVEL is debug, which is for developers.")
    elif settings.log_level == "info":
        yield ok("log", "Each request gets a line.")
    else:
        yield note("log", f"MINICHAT_LOG_LEVEL is {settings.log_level}: requests leave no line.")


def files(settings: Settings) -> Iterator[Finding]:
    """Who may read and write what is kept here."""
    if os.geteuid() == 0:
        yield note("files", "This runs as root, who may everything: check as the user who serves.")
    kept = [Path.cwd() / ".env"]
    if settings.is_embedded:
        database = settings.database_path
        kept += [database, Path(f"{database}-wal"), settings.secret_key_path]
        folder = database.parent
        if folder.is_dir():
            yield from _room_in(folder)
            if _mode(folder) & 0o022:
                yield wrong("files", f"Others may write in {folder} (mode {_mode(folder):04o}): chmod go-w it.")
    others = [path for path in kept if path.is_file() and _mode(path) & 0o077]
    for path in others:
        yield wrong("files", f"Others may open {path} (mode {_mode(path):04o}): chmod 600 it.")
    if not others:
        yield ok("files", "Nobody else may open what is secret.")


def pictures(settings: Settings) -> Iterator[Finding]:
    folder = settings.media_dir
    if not folder.is_dir():
        yield note("pictures", f"There is no {folder} yet: it is made at the start.")
        return
    yield from _room_in(folder)
    if _mode(folder) & 0o077:
        yield wrong("pictures", f"Others may enter {folder} (mode {_mode(folder):04o}): chmod 700 it.")
    place = settings.pictures_dir if settings.pictures_dir.is_dir() else folder
    try:
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        yield wrong("pictures", f"They can't be kept in {place}: {error.strerror}.")
    else:
        yield ok("pictures", f"They are kept in {folder}; of several hosts it must be the same.")


def _room_in(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        yield wrong("disk", f"Only {free >> 20} MiB are free where {folder} is.")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def database(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, is of this version's shape, and keeps the time and what it is given."""
    from minichat.adapters.peewee import open_database

    if settings.is_embedded and not settings.database_path.is_file():
        yield wrong("database", f"There is no {settings.database_path} yet: `minichat db upgrade` makes it.")
        return
    chat = open_database(settings.database_url, only_looks=True)
    try:
        yield from _of_database(chat, settings)
    except (Unavailable, ValueError) as error:
        yield wrong("database", f"{settings.database_name} can't be used: {_on_one_line(error)}")
    finally:
        chat.close_connections()
    if settings.replica_url is not None:
        yield from _of_replica(settings.replica_url)


def _of_database(chat: "ChatDatabase", settings: Settings) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspecting import facts_of, newest_change

    facts = facts_of(chat)
    yield ok("database", f"{settings.database_name} is {facts.product} and answers.")
    for sentence in facts.weaknesses:
        yield wrong("database", f"Its setting {sentence}")
    is_complete = yield from _migrations(chat)
    now = round(time.time() * 1000)
    yield from clock(now, facts.clock, newest_change(chat) if is_complete else None)
    if is_complete:
        yield from _live_updates(chat, now)


def _live_updates(chat: "ChatDatabase", now: int) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspecting import held_up_since, is_of_another_server

    if is_of_another_server(chat):
        yield wrong("live updates", "Nothing is told, as the log came from another server: run `minichat db restored`.")
        return
    since = held_up_since(chat)
    if since is not None and now - since > MOST_HELD_UP:
        yield wrong(
            "live updates",
            f"They have waited {(now - since) / 1000:.0f} s for an older transaction, still open: look for it in"
            " pg_stat_activity and pg_prepared_xacts.",
        )


def _migrations(chat: "ChatDatabase") -> Generator[Finding, None, bool]:
    """Return whether it has all that this version needs."""
    from peewee import PeeweeException

    from minichat.adapters.peewee.operations import migrating

    try:
        missing = migrating.missing(chat)
    except migrating.SchemaTooNew as error:
        yield wrong("migrations", f"The database is ahead of this program: {error}.")
        return False
    except PeeweeException as error:
        raise Unavailable(str(error)) from error
    if missing:
        yield wrong("migrations", f"The database lacks {', '.join(missing)}: `minichat db upgrade` applies them.")
    else:
        yield ok("migrations", "All are applied.")
    return not missing


def clock(here: int, at_database: int | None, newest_change: int | None) -> Iterator[Finding]:
    """Compare the time of this host with what it can be, all in milliseconds since the Unix epoch."""
    skew = 0 if at_database is None else at_database - here
    if here < EARLIEST:
        yield wrong("clock", "The clock of this host is years behind, so what expires does not.")
    elif abs(skew) > MOST_SKEW:
        yield wrong("clock", f"This host and the database are {abs(skew) / 1000:.0f} s apart: set both by NTP.")
    elif newest_change is not None and newest_change > here + MOST_SKEW:
        ahead = (newest_change - here) / 1000
        yield wrong("clock", f"The newest change was made {ahead:.0f} s from now: this clock, or one before, is wrong.")
    elif at_database is None:
        yield ok("clock", "It is not behind what was written last.")
    else:
        yield ok("clock", "This host and the database agree.")


def _of_replica(url: str) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspecting import is_replica

    try:
        if is_replica(url):
            yield ok("replica", "It answers and follows.")
        else:
            yield wrong("replica", "MINICHAT_REPLICA_URL leads to a server that follows no other.")
    except (Unavailable, ValueError) as error:
        yield wrong("replica", f"It can't be used, so the database does all the work: {_on_one_line(error)}")


def redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        yield note("Redis", "There is none: each worker counts its limits alone, so more may pass.")
        return
    from minichat.adapters.redis.connection import Connection

    if Connection(settings.redis_url).answers():
        yield ok("Redis", "It answers.")
    else:
        yield wrong("Redis", "The one of MINICHAT_REDIS_URL does not answer: each worker counts its limits alone.")


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


CHECKS: tuple[Check, ...] = (
    secret,
    public_url,
    allowed_hosts,
    proxies,
    origins,
    limits,
    metrics,
    log_level,
    files,
    pictures,
    database,
    redis,
)
