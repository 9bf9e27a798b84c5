"""Checks of the settings, of the files, and of Redis and the mail server. `CHECKS` is the order of all checks."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from minichat.addresses import AllowedHosts, authority
from minichat.cli.checking import databases, openness
from minichat.cli.checking.findings import Finding, note, ok, on_one_line, wrong
from minichat.config import Settings
from minichat.domain.errors import Unavailable
from minichat.domain.ports import MailRefusedError

Check = Callable[[Settings], Iterator[Finding]]

_APP_SHELLS = {
    *("https://localhost", "http://localhost"),  # Capacitor, Ionic and Cordova on Android
    *("https://tauri.localhost", "http://tauri.localhost"),  # Tauri on Windows and Android
}
"""The origins of pages inside apps, as far as they look like local pages."""
MIN_FREE_BYTES = 2**30
"""Minimum free space of a file system."""


def secret(settings: Settings) -> Iterator[Finding]:
    if not settings.secret_key:
        yield note("secret", "There is no secret key yet. The first start generates one beside the database.")
        return
    path = settings.secret_key_path if settings.is_embedded else None
    if path is not None and path.is_file() and path.read_text().strip() == settings.secret_key:
        yield note("secret", f"minichat generated the key in {path}. Include this file in your backups.")
    else:
        yield ok("secret", "MINICHAT_SECRET_KEY is set and strong.")
    if settings.secret_key_previous is not None:
        yield note("secret", "MINICHAT_SECRET_KEY_PREVIOUS is set. Remove it when the change of the key is complete.")


def public_url(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    mounted = (os.environ.get("SCRIPT_NAME") or "").rstrip("/")
    if url is not None and not url.endswith(mounted):
        yield wrong(
            "public URL", f"MINICHAT_PUBLIC_URL is {url}, but the server is below SCRIPT_NAME, {mounted}. Add the path."
        )
    elif url is None:
        yield wrong("public URL", "MINICHAT_PUBLIC_URL is not set, so links contain the Host of each request.")
    elif not url.startswith("https://"):
        yield wrong(
            "public URL",
            f"MINICHAT_PUBLIC_URL is {url}. Without https:// anybody on the network path can read the messages.",
        )
    else:
        yield ok("public URL", f"The public address is {url}.")


def allowed_hosts(settings: Settings) -> Iterator[Finding]:
    names = settings.allowed_hosts
    public = authority(urlsplit(settings.public_url or "").netloc)
    if not names:
        yield wrong("hosts", "MINICHAT_ALLOWED_HOSTS is empty, so requests may name any host.")
    elif public is not None and public.host not in AllowedHosts(names):
        yield wrong("hosts", f"MINICHAT_ALLOWED_HOSTS does not contain {public.host}, the host of MINICHAT_PUBLIC_URL.")
    else:
        yield ok("hosts", f"Requests may name {', '.join(names)}.")


def proxies(settings: Settings) -> Iterator[Finding]:
    number = settings.trusted_proxies
    if number:
        yield ok("proxies", f"minichat trusts the last {_entries(number)} of X-Forwarded-For.")
    elif (settings.public_url or "").startswith("https://"):
        yield wrong(
            "proxies",
            "MINICHAT_TRUSTED_PROXIES is 0, but the public URL is https. All clients seem to be the proxy.",
        )
    else:
        yield ok("proxies", "There is no proxy in front, so minichat ignores X-Forwarded-For.")


def _entries(number: int) -> str:
    return "entry" if number == 1 else f"{number} entries"


def origins(settings: Settings) -> Iterator[Finding]:
    shells = [origin for origin in settings.cors_origins if _is_shell(origin)]
    unsafe = [
        origin
        for origin in settings.cors_origins
        if origin not in shells and (not origin.startswith("https://") or _is_local(origin))
    ]
    if shells:
        yield note(
            "CORS",
            f"MINICHAT_CORS_ORIGINS allows {', '.join(shells)}, which every app with this shell sends, not only yours.",
        )
    if unsafe:
        yield wrong(
            "CORS", f"MINICHAT_CORS_ORIGINS allows {', '.join(unsafe)}. Remove origins that are local or not https."
        )
    elif settings.cors_origins:
        yield ok("CORS", f"Pages of {', '.join(settings.cors_origins)} may call the API.")
    else:
        yield ok("CORS", "Pages of other origins may not call the API.")


def _is_shell(origin: str) -> bool:
    """Return whether the pages inside an app send this origin."""
    return not origin.startswith(("http://", "https://")) or origin in _APP_SHELLS


def _is_local(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def limits(settings: Settings) -> Iterator[Finding]:
    if settings.rate_limits:
        yield ok("rate limits", "Rate limits are on.")
    else:
        yield wrong("rate limits", "MINICHAT_RATE_LIMITS is off, so password guessing is not throttled.")


def metrics(settings: Settings) -> Iterator[Finding]:
    for network in settings.metrics_from:
        if network.prefixlen < 8:
            yield wrong(
                "metrics",
                f"MINICHAT_METRICS_FROM contains {network}, so a large part of the internet may read /metrics.",
            )
        elif not network.is_private:
            yield note("metrics", f"MINICHAT_METRICS_FROM contains {network}, which is a public network.")
    if all(network.is_private for network in settings.metrics_from):
        yield ok("metrics", f"/metrics is readable from {', '.join(map(str, settings.metrics_from)) or 'nowhere'}.")


def log_level(settings: Settings) -> Iterator[Finding]:
    if settings.log_level == "debug":
        yield wrong("log", "MINICHAT_LOG_LEVEL is debug, which is meant for development. Set it to info.")
    elif settings.log_level == "info":
        yield ok("log", "Each request is logged.")
    else:
        yield note("log", f"MINICHAT_LOG_LEVEL is {settings.log_level}, so requests are not logged.")


def files(settings: Settings) -> Iterator[Finding]:
    """Check the permissions of the chat's files."""
    if os.geteuid() == 0:
        yield note("files", "The check runs as root, which bypasses permissions. Run it as the user of the server.")
    kept = [Path.cwd() / ".env"]
    if settings.is_embedded:
        database = settings.database_path
        kept += [database, Path(f"{database}-wal"), settings.secret_key_path]
        folder = database.parent
        if folder.is_dir():
            yield from _room_in(folder)
            if _mode(folder) & 0o022:
                yield wrong(
                    "files", f"Other users can write to {folder} (mode {_mode(folder):04o}). Run `chmod go-w` on it."
                )
    others = [path for path in kept if path.is_file() and _mode(path) & 0o077]
    for path in others:
        yield wrong("files", f"Other users can open {path} (mode {_mode(path):04o}). Run `chmod 600` on it.")
    if not others:
        yield ok("files", "Only this user can open the files.")


def pictures(settings: Settings) -> Iterator[Finding]:
    folder = settings.media_dir
    if not folder.is_dir():
        yield note("pictures", f"There is no folder {folder} yet. The server creates it at its start.")
        return
    yield from _room_in(folder)
    if _mode(folder) & 0o077:
        yield wrong("pictures", f"Other users can enter {folder} (mode {_mode(folder):04o}). Run `chmod 700` on it.")
    place = settings.pictures_dir if settings.pictures_dir.is_dir() else folder
    try:
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        yield wrong("pictures", f"Pictures can't be stored in {place}: {error.strerror}.")
    else:
        yield ok("pictures", f"Pictures are stored in {folder}. Several hosts must share it.")


def shared_memory(_settings: Settings) -> Iterator[Finding]:
    """Check the place for the files that the workers of `minichat serve` share."""
    from minichat.serving.shared_memory import places, reason_against

    reasons: list[str] = []
    for place in places():
        reason = reason_against(place)
        if reason is None:
            found = f"The workers share files in {place}."
            yield note("memory", f"{reasons[0]} {found}") if reasons else ok("memory", found)
            return
        reasons.append(f"{place} can't be used: {reason}.")
    yield wrong("memory", f"The workers can't share files. {' '.join(reasons)}")


def _room_in(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        yield wrong("disk", f"Only {free >> 20} MiB are free on the disk of {folder}.")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is None:
        yield note("Redis", "There is no Redis, so each worker counts its rate limits alone and more requests pass.")
        return
    from minichat.adapters.redis.connection import RedisConnection

    if RedisConnection(settings.redis_url).answers():
        yield ok("Redis", "Redis answers.")
    else:
        yield wrong(
            "Redis", "Redis at MINICHAT_REDIS_URL does not answer, so each worker counts its rate limits alone."
        )


def mail(settings: Settings) -> Iterator[Finding]:
    from minichat.wiring import mailer_of

    mailer = mailer_of(settings)
    if mailer is None:
        yield note("mail", "No mail server is set, so nobody can request a new password by mail.")
        return
    try:
        mailer.check()
    except (Unavailable, MailRefusedError) as error:
        yield wrong("mail", f"The mail server at MINICHAT_SMTP_URL can't be used: {on_one_line(error)}.")
    else:
        yield ok("mail", "The mail server answers, and takes the credentials if there are any.")


CHECKS: tuple[Check, ...] = (
    secret,
    public_url,
    allowed_hosts,
    proxies,
    origins,
    limits,
    openness.registration,
    openness.directory,
    metrics,
    log_level,
    files,
    pictures,
    shared_memory,
    databases.database,
    redis,
    mail,
)
