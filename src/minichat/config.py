"""The settings: read once at start from the environment and a `.env` file, checked, and immutable from then on.

Everything that is wrong is told at once, one sentence each. Nothing else in minichat reads the environment, and this
module knows nothing of the rest of minichat.
"""

import ipaddress
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Self, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from dotenv import dotenv_values
from environs import Env, EnvValidationError, ValidationError

Item = TypeVar("Item")

PREFIX = "MINICHAT_"
SQLITE = "sqlite:///"
POSTGRES = "postgresql://"
SECRET_BYTES = 32
LONGEST_TTL = 10 * 365 * 86_400
DAY = 86_400

_LISTS = frozenset({"CORS_ORIGINS", "ALLOWED_HOSTS", "METRICS_FROM"})


class SettingsError(Exception):
    """The settings can't be used; the text says why, a sentence a line, each naming its variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may choose; `load` makes one."""

    database_url: str = field(repr=False)
    """`sqlite:///` and an absolute path, or `postgresql://…`, which may hold a password."""
    replica_url: str | None = field(repr=False)
    """A copy of a PostgreSQL database, for reads that may lag behind; None is no replica."""
    secret_key: str = field(repr=False)
    """At least 32 bytes of UTF-8, from which everything that is signed is derived; empty where none was to be made."""
    secret_key_previous: str | None = field(repr=False)
    """Another one, of which tokens are taken as well: the one before this, or the next."""
    access_ttl: int
    """How long an access token lives, in seconds; like the next three."""
    refresh_ttl: int
    session_ttl: int
    refresh_grace: int
    """For how long a used refresh token still gets the same successor; 0 is never."""
    changes_ttl: int
    """How long the change log and the audit log are kept, in seconds."""
    audit_ttl: int
    cors_origins: tuple[str, ...]
    """`scheme://host[:port]` of the pages elsewhere that may call the API."""
    allowed_hosts: tuple[str, ...]
    """What `Host` may name; empty is anything. A leading dot stands for all subdomains."""
    public_url: str | None
    """The base of absolute URLs, without a trailing slash; None is the request's own."""
    trusted_proxies: int
    """How many reverse proxies stand in front: that many entries of `X-Forwarded-*` are believed."""
    metrics_from: tuple[IPv4Network | IPv6Network, ...]
    """Where `/metrics` may be read from; empty is nowhere."""
    media_dir: Path
    log_level: str
    """`debug`, `info`, `warning` or `error`."""
    streams_per_worker: int
    """How many live streams a worker takes."""
    rate_limits: bool
    """Whether requests and failed log-ins are limited."""
    redis_url: str | None = field(repr=False)
    """`redis://`, `rediss://` or `unix://`; may hold a password. None is no Redis."""
    notices: tuple[str, ...] = ()
    """Sentences for the operator about variables that have no effect."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret, and after it the other of which tokens are taken."""
        return (self.secret_key,) if self.secret_key_previous is None else (self.secret_key, self.secret_key_previous)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of this host."""
        return self.database_url.startswith(SQLITE)

    @property
    def database_path(self) -> Path:
        """The file of an embedded database."""
        assert self.is_embedded, "the database is a server"
        return Path(self.database_url.removeprefix(SQLITE))

    @property
    def database_name(self) -> str:
        """How to speak of the database: its path, or `postgresql://host/name` without what is secret."""
        if self.is_embedded:
            return str(self.database_path)
        url = urlsplit(self.database_url)
        return f"{POSTGRES}{url.netloc.rpartition('@')[2]}{url.path}"

    @property
    def pictures_dir(self) -> Path:
        """Where, in `media_dir`, uploaded pictures are."""
        return self.media_dir / "avatars"

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, *, root: Path | None = None, makes_secret: bool = True
    ) -> Self:
        """Read `environ` (the process's) and the file `root`/.env; where both name a variable, `environ` decides.

        Relative paths start at `root`, the working directory by default. Without a secret, one is made beside the
        embedded database and read from there the next time; unless only what is there is to be looked at. Raises
        SettingsError.
        """
        root = Path.cwd() if root is None else root.absolute()
        given = _given(os.environ if environ is None else environ, root / ".env")
        env = _Source(given)
        found: dict[str, Any] = {
            "database_url": env.text("DATABASE_URL", "sqlite:///instance/minichat.sqlite3", as_=_database_in(root)),
            "replica_url": env.text("REPLICA_URL", None, as_=_postgres_url),
            "secret_key": env.text("SECRET_KEY", None, as_=_strong_secret),
            "secret_key_previous": env.text("SECRET_KEY_PREVIOUS", None, as_=_strong_secret),
            "access_ttl": env.text("ACCESS_TTL", "3600", as_=_whole(1, LONGEST_TTL)),
            "refresh_ttl": env.text("REFRESH_TTL", f"{7 * DAY}", as_=_whole(1, LONGEST_TTL)),
            "session_ttl": env.text("SESSION_TTL", f"{30 * DAY}", as_=_whole(1, LONGEST_TTL)),
            "refresh_grace": env.text("REFRESH_GRACE", "30", as_=_whole(0, LONGEST_TTL)),
            "changes_ttl": env.text("CHANGES_TTL", f"{7 * DAY}", as_=_whole(1, LONGEST_TTL)),
            # The database itself lets nobody delete what is younger than 30 days.
            "audit_ttl": env.text("AUDIT_TTL", f"{365 * DAY}", as_=_whole(31 * DAY, LONGEST_TTL)),
            "cors_origins": env.text("CORS_ORIGINS", "http://localhost:3000,http://127.0.0.1:3000", as_=_each(_origin)),
            "allowed_hosts": env.text("ALLOWED_HOSTS", "", as_=_each(_host)),
            "public_url": env.text("PUBLIC_URL", None, as_=base_url),
            "trusted_proxies": env.text("TRUSTED_PROXIES", "0", as_=_whole(0, 100)),
            "metrics_from": env.text("METRICS_FROM", "127.0.0.0/8,::1", as_=_each(_network)),
            "media_dir": env.text("MEDIA_DIR", "instance/media", as_=root.joinpath),
            "log_level": env.text("LOG_LEVEL", "info", as_=_one_of("debug", "info", "warning", "error")),
            "streams_per_worker": env.text("STREAMS_PER_WORKER", "5000", as_=_whole(0, 100_000)),
            "rate_limits": env.text("RATE_LIMITS", "on", as_=_one_of("on", "off")) == "on",
            "redis_url": env.text("REDIS_URL", None, as_=_redis_url),
        }
        problems = env.problems() or _contradictions(found)
        if problems:
            raise SettingsError("\n".join(problems))
        found["notices"] = tuple(_notices(given, {name.upper() for name in found}))
        if found["secret_key"] is None:  # the database is a file, see `_contradictions`
            database = Path(found["database_url"].removeprefix(SQLITE))
            kept = database.with_name("secret_key")
            found["secret_key"] = _kept_secret(kept) if makes_secret or kept.exists() else ""
        if found["secret_key"] == found["secret_key_previous"]:
            raise SettingsError(f"{PREFIX}SECRET_KEY_PREVIOUS must differ from the secret in use.")
        return cls(**found)


class _Source(Env):
    """environs, reading from what it is given instead of the process's environment, and parsing text by functions."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__(eager=False, prefix=PREFIX)
        self._given = given
        self.add_parser("text", lambda value, as_: value if value is None else as_(value.strip()))

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key, default)

    def problems(self) -> list[str]:
        """Close the source and return a sentence for each variable that is wrong."""
        try:
            self.seal()
        except EnvValidationError as error:
            by_name = cast("Mapping[str, list[str]]", error.error_messages)
            return [f"{name} {message}" for name, found in by_name.items() for message in found]
        return []


def _given(environ: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """Return our variables by name. One that is set but empty counts as unset, where empty can't be meant."""
    try:
        filed = dotenv_values(env_file) if env_file.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} can't be read: {error}.") from error
    both = {**filed, **environ}
    ours = {name: value for name, value in both.items() if name.startswith(PREFIX) and value is not None}
    # An empty secret is refused: it is what a failed injection leaves, and must not turn into a made one or into none.
    keep_empty = {f"{PREFIX}{name}" for name in _LISTS | {"SECRET_KEY", "SECRET_KEY_PREVIOUS"}}
    return {name: value for name, value in ours.items() if value.strip() or name in keep_empty}


def _contradictions(found: Mapping[str, Any]) -> list[str]:
    return [*_too_long(found), *(_missing(found) if found["database_url"].startswith(POSTGRES) else _useless(found))]


def _missing(found: Mapping[str, Any]) -> list[str]:
    """What a database of several hosts needs to be told."""
    sentences = []
    if found["secret_key"] is None:
        sentences.append(
            f"{PREFIX}SECRET_KEY must be set with PostgreSQL, the same on all hosts; `openssl rand -hex 32` prints one."
        )
    if not found["allowed_hosts"]:
        sentences.append(
            f"{PREFIX}ALLOWED_HOSTS must be set with PostgreSQL: the names by which the chat is reached, such as "
            "chat.example.org."
        )
    return sentences


def _useless(found: Mapping[str, Any]) -> list[str]:
    return [] if found["replica_url"] is None else [f"{PREFIX}REPLICA_URL needs a PostgreSQL in {PREFIX}DATABASE_URL."]


def _too_long(found: Mapping[str, Any]) -> list[str]:
    return [
        f"{PREFIX}{name.upper()} ({found[name]} s) must not be longer than {PREFIX}SESSION_TTL "
        f"({found['session_ttl']} s): nothing outlives its session."
        for name in ("access_ttl", "refresh_ttl")
        if found[name] > found["session_ttl"]
    ]


def _notices(given: Mapping[str, str], known: set[str]) -> list[str]:
    notices = []
    for name in sorted(given):
        short = name.removeprefix(PREFIX)
        if short not in known:
            notices.append(f"{name} is not a setting of minichat and has no effect.")
    return notices


# What each text must be. A parser's message continues the sentence that the variable's name begins.


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValidationError(f"must be a whole number from {least} to {most}, not {text!r}.")
        return int(text)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValidationError(f"must be {', '.join(choices[:-1])} or {choices[-1]}, not {text!r}.")
        return text.lower()

    return parse


def _each(parse: Callable[[str], Item]) -> Callable[[str], tuple[Item, ...]]:
    return lambda text: tuple(dict.fromkeys(parse(item.strip()) for item in text.split(",") if item.strip()))


def _database_in(root: Path) -> Callable[[str], str]:
    def parse(text: str) -> str:
        # The URL is never repeated in a message: it may hold a password.
        if text.startswith((POSTGRES, "postgres://")):
            return _postgres_url(text)
        if not text.startswith(SQLITE):
            raise ValidationError("must be sqlite:/// and a path, or postgresql://user@host/name.")
        path = text.removeprefix(SQLITE)
        if not path or path.endswith("/") or path == ":memory:":
            raise ValidationError("must name a file after sqlite:///: the workers share it.")
        if set(path) & set("?#\0"):
            raise ValidationError("takes no parameters after the path.")
        return f"{SQLITE}{root / path}"

    return parse


def _postgres_url(text: str) -> str:
    # Never repeated in a message: it may hold a password.
    wrong = ValidationError("must be such as postgresql://user:password@db.example.org:5432/chat.")
    try:
        url = urlsplit(text)
        port = url.port
        parse_qsl(url.query, strict_parsing=bool(url.query))
    except ValueError:
        raise wrong from None
    is_named = re.fullmatch(r"/[^/]+", url.path) is not None
    if url.scheme not in {"postgresql", "postgres"} or not is_named or port == 0 or url.fragment:
        raise wrong
    if not text.isprintable() or " " in text:
        raise wrong
    return f"{POSTGRES}{text.partition('://')[2]}"


def _origin(text: str) -> str:
    """Return the origin as browsers send it (RFC 6454): lower case, without the scheme's own port."""
    wrong = ValidationError(f"must list origins such as https://chat.example.org, with no path and no *, not {text!r}.")
    match = re.fullmatch(r"([a-z][a-z0-9+.-]*)://([^/@?#:\[\]]+|\[[^\]]+\])(?::([0-9]{1,5}))?", text.lower())
    if not match or (match[3] and not 0 < int(match[3]) < 65_536):
        raise wrong
    scheme, host, port = match.groups()
    if not is_host(host):
        raise wrong
    is_usual = port is None or (scheme, port) in {("http", "80"), ("https", "443")}
    return f"{scheme}://{host}" if is_usual else f"{scheme}://{host}:{port}"


def _host(text: str) -> str:
    if not is_host(text.lower().removeprefix(".")):
        raise ValidationError(f"must list names such as chat.example.org, without scheme or port, not {text!r}.")
    return text.lower()


def is_host(text: str) -> bool:
    """Whether it is a name or an address as a URL may hold it: IPv6 in brackets."""
    if text.startswith("[") and text.endswith("]"):
        try:
            ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            return False
        return True
    label = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    return len(text) <= 253 and re.fullmatch(rf"{label}(?:\.{label})*", text) is not None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValidationError(f"must list addresses or networks such as 10.1.0.0/16, not {text!r}.") from None


def _redis_url(text: str) -> str:
    # Never repeated in a message: it may hold a password.
    wrong = ValidationError("must be such as redis://localhost:6379/0, rediss://… over TLS, or unix:///run/redis.sock.")
    try:
        url = urlsplit(text)
        is_there = bool(url.path) if url.scheme == "unix" else bool(url.hostname) and url.port != 0
    except ValueError:
        raise wrong from None
    is_database = url.scheme == "unix" or re.fullmatch(r"/?|/[0-9]{1,4}", url.path)
    if url.scheme not in {"redis", "rediss", "unix"} or not is_there or not is_database or not text.isprintable():
        raise wrong
    return text


def base_url(text: str) -> str:
    """What the URLs of a service begin with, without a trailing slash. Raises ValidationError, with a sentence."""
    wrong = ValidationError(f"must be a base such as https://chat.example.org, not {text!r}.")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise wrong from None
    host = url.hostname or ""
    literal = f"[{host}]" if ":" in host else host
    if url.scheme not in {"http", "https"} or port == 0 or not is_host(literal):
        raise wrong
    if "@" in url.netloc or "?" in text or "#" in text or not re.fullmatch(r"[!-~]+", text):
        raise wrong
    return text.rstrip("/")


# Secrets that stand in documentation, and the phrases of which people make one up until they have one.
_PUBLISHED = frozenset(
    {
        "a-string-secret-at-least-256-bits-long",  # jwt.io
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",  # Flask
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI
    }
)
_MADE_UP = re.compile(
    r"change.?(me|this|it)|replace.?(me|this)|(your|super|very|my|the|jwt|app).?(long|own|secret|256.?bit)|secret.?key|"
    r"256.?bit.?(secret|key)|django.?insecure|not.?(a|so|very).?secret|password|testing|example|placeholder|insecure|"
    r"development|production|please|goes.?here|12345678"
)


def _strong_secret(text: str) -> str:
    """Return the secret if nobody can guess it: long enough, and neither published, repetitive nor a filler."""
    if not text.isprintable():
        raise ValidationError("must be text without control characters.")
    size = len(text.encode())
    if size < SECRET_BYTES:
        raise ValidationError(f"must hold at least {SECRET_BYTES} bytes; it holds {size}.")
    # The shortest text whose repetition this is; a secret that begins and ends alike by chance is no repetition.
    period = next(n for n in range(1, len(text) + 1) if text.startswith(text[n:]))
    repeats = period < SECRET_BYTES and period <= len(text) // 2
    rest, phrases = _MADE_UP.subn("", text.lower())
    is_made_up = phrases > 0 and len(re.findall(r"\w", rest)) < SECRET_BYTES * 3 // 4
    if text in _PUBLISHED or repeats or is_made_up or len(set(text)) < 5:
        raise ValidationError("is a secret that others know or can guess; `openssl rand -hex 32` prints a good one.")
    return text


def _kept_secret(path: Path) -> str:
    """Return the secret in the file `path`, made on the first call: of several processes at once, all get the same."""
    try:
        if not path.exists():
            _make_secret(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{PREFIX}SECRET_KEY is not set, and {path} can't be made or read: {why}.") from error
    if mode & 0o077:
        raise SettingsError(f"{path} holds the secret and others may open it (mode {mode:04o}): chmod 600 it.")
    try:
        return _strong_secret(text)
    except ValidationError as error:
        raise SettingsError(f"The secret in {path} {error.args[0]} (Without the file, a new one is made.)") from error


def _make_secret(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # Linking gives the file its name complete or not at all, and only to the first of several processes.
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{secrets.token_urlsafe(48)}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was faster, and its secret is the one.
    finally:
        draft.unlink(missing_ok=True)
