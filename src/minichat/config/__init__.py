"""The settings: read once at start from the environment and a `.env` file, checked, and immutable from then on.

A wrong setting stops the start with one sentence for each variable. The rest of minichat reads no MINICHAT_ variable
itself: `serving` only sets one for its workers. This package knows nothing of the rest of minichat but `addresses`,
`atomic_files` and `lean_imports`.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, NamedTuple, Self

from minichat.config import values
from minichat.config.environment import PREFIX, Environment, SettingsError
from minichat.config.secret_keys import stored_secret, strong_secret
from minichat.config.server_urls import described_postgres, postgres_url, redis_url
from minichat.config.smtp_urls import MailServer, mail_from, smtp_url

__all__ = ["SHARED_MEMORY_DIR", "Settings", "SettingsError"]

SHARED_MEMORY_DIR = f"{PREFIX}SHARED_MEMORY_DIR"
"""The folder in memory that the workers of one server share. `minichat serve` sets it; operators need not."""
DAY_SECONDS = 86_400
MAX_SECONDS = 10 * 365 * DAY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's settings. Each field has the name of its variable."""

    database_url: str = field(repr=False)
    """`sqlite:///` and an absolute path, or `postgresql://…`, which may hold a password."""
    replica_url: str | None = field(repr=False)
    """A replica of a PostgreSQL database, for reads that may lag behind; None if there is none."""
    secret_key: str = field(repr=False)
    """At least 32 bytes of UTF-8, from which all signing keys are derived; empty if `load` may not generate one."""
    secret_key_previous: str | None = field(repr=False)
    """A second key with valid tokens: the former key, or the next one."""
    access_ttl: int
    """Lifetime of an access token, in seconds, like the next three."""
    refresh_ttl: int
    session_ttl: int
    refresh_grace: int
    """Grace period in which a used refresh token returns the same successor again; 0 disables it."""
    changes_ttl: int
    """Retention of the change log and, in the next field, of the audit log, in seconds: see `minichat prune`."""
    audit_ttl: int
    cors_origins: tuple[str, ...]
    """`scheme://host[:port]` of the pages on other origins that may call the API."""
    allowed_hosts: tuple[str, ...]
    """The names that `Host` may hold; empty allows any. A leading dot stands for all subdomains."""
    public_url: str | None
    """The base of all URLs, without a trailing slash. Its path is above every path; None uses the request's URL."""
    trusted_proxies: int
    """Number of reverse proxies in front: minichat trusts that many entries of `X-Forwarded-*`."""
    metrics_from: tuple[IPv4Network | IPv6Network, ...]
    """The networks that may read `/metrics`; empty allows none."""
    media_dir: Path
    log_level: str
    """`debug`, `info`, `warning` or `error`."""
    streams_per_worker: int
    """Maximum number of live streams of a worker."""
    registration: str
    """The people who can register an account: `open`, `invite` or `closed`."""
    directory: str
    """The people whom users find and can contact: `everyone` or `shared`."""
    rate_limits: bool
    """Whether requests and failed log-ins are throttled."""
    admin_totp: str
    """`optional` or `required`: whether every administrator has to set up a second factor."""
    redis_url: str | None = field(repr=False)
    """`redis://`, `rediss://` or `unix://`, which may hold a password; None if there is no Redis."""
    smtp_url: MailServer | None = field(repr=False)
    """The mail server; None if this chat sends no mail."""
    mail_from: str | None
    """The sender of mails: an address, or a name with an address in angle brackets."""
    shared_memory_dir: Path | None
    """The folder in memory that the workers of this server share; None if they share none."""
    notices: tuple[str, ...] = ()
    """Sentences about variables that have no effect."""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that verify tokens. The first one also signs them."""
        return (self.secret_key,) if self.secret_key_previous is None else (self.secret_key, self.secret_key_previous)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file on this host."""
        return self.database_url.startswith(values.SQLITE)

    @property
    def database_path(self) -> Path:
        """The file of an embedded database."""
        assert self.is_embedded, "the database is a server"
        return Path(self.database_url.removeprefix(values.SQLITE))

    @property
    def secret_key_path(self) -> Path:
        """The file in which minichat keeps the key that it generates."""
        return self.database_path.with_name("secret_key")

    @property
    def database_name(self) -> str:
        """The database's name for messages: its path, or `postgresql://host/name` without user and password."""
        return str(self.database_path) if self.is_embedded else described_postgres(self.database_url)

    @property
    def pictures_dir(self) -> Path:
        """The folder in `media_dir` that holds uploaded pictures."""
        return self.media_dir / "avatars"

    @classmethod
    def load(cls, *, root: Path | None = None, makes_secret: bool = True) -> Self:
        """Read the process's environment and the file `root`/.env; the environment wins.

        Relative paths start at `root`, by default the working directory. If no secret key is set, generate one beside
        the embedded database, or only read an existing one if not `makes_secret`. Raises SettingsError.
        """
        root = Path.cwd() if root is None else root.absolute()
        environment = Environment(root / ".env")
        known = _variables(root)
        found = {
            name.lower(): environment.read(name, variable.default, variable.parse, can_be_empty=variable.can_be_empty)
            for name, variable in known.items()
        }
        return cls._checked(found, environment.problems(), _unknown(environment.names, known), makes_secret)

    @classmethod
    def defaults(cls, root: Path) -> Self:
        """Return the settings of an empty environment, with a key and a database in the folder `root`."""
        found = {
            name.lower(): None if variable.default is None else variable.parse(variable.default)
            for name, variable in _variables(root).items()
        }
        return cls._checked(found, [], (), makes_secret=True)

    @classmethod
    def _checked(cls, found: dict[str, Any], problems: list[str], notices: tuple[str, ...], makes_secret: bool) -> Self:
        if problems:
            raise SettingsError("\n".join(problems))
        settings = cls(**{**found, "secret_key": found["secret_key"] or "", "notices": notices})
        if contradictions := _contradictions(settings):
            raise SettingsError("\n".join(contradictions))
        if not settings.secret_key:  # the database is a file, see `_contradictions`
            path = settings.secret_key_path
            if makes_secret or path.exists():
                settings = dataclasses.replace(settings, secret_key=stored_secret(path))
        if settings.secret_key == settings.secret_key_previous:
            raise SettingsError(f"{PREFIX}SECRET_KEY_PREVIOUS must differ from the secret key in use.")
        return settings


class _Variable(NamedTuple):
    default: str | None
    """The text to parse if the variable is not set; None if there is no default."""
    parse: Callable[[str], Any]
    can_be_empty: bool = False
    """Whether an empty value differs from an unset one."""


def _variables(root: Path) -> dict[str, _Variable]:
    """Return every setting by its variable's name without the prefix, in the order in which problems are listed."""
    seconds = values.whole_number(1, MAX_SECONDS)
    return {
        "DATABASE_URL": _Variable("sqlite:///instance/minichat.sqlite3", values.database_url(root)),
        "REPLICA_URL": _Variable(None, postgres_url),
        # An empty key is an error: it usually comes from a failed injection, and must not lead to a generated key.
        "SECRET_KEY": _Variable(None, strong_secret, can_be_empty=True),
        "SECRET_KEY_PREVIOUS": _Variable(None, strong_secret, can_be_empty=True),
        "ACCESS_TTL": _Variable("3600", seconds),
        "REFRESH_TTL": _Variable(f"{7 * DAY_SECONDS}", seconds),
        "SESSION_TTL": _Variable(f"{30 * DAY_SECONDS}", seconds),
        "REFRESH_GRACE": _Variable("30", values.whole_number(0, MAX_SECONDS)),
        "CHANGES_TTL": _Variable(f"{7 * DAY_SECONDS}", seconds),
        # A trigger in the database refuses to delete entries of the last 30 days.
        "AUDIT_TTL": _Variable(f"{365 * DAY_SECONDS}", values.whole_number(31 * DAY_SECONDS, MAX_SECONDS)),
        "CORS_ORIGINS": _Variable(
            "http://localhost:3000,http://127.0.0.1:3000", values.list_of(values.origin), can_be_empty=True
        ),
        "ALLOWED_HOSTS": _Variable("", values.list_of(values.host_name), can_be_empty=True),
        "PUBLIC_URL": _Variable(None, values.base_url),
        "TRUSTED_PROXIES": _Variable("0", values.whole_number(0, 100)),
        "METRICS_FROM": _Variable("127.0.0.0/8,::1", values.list_of(values.network), can_be_empty=True),
        "MEDIA_DIR": _Variable("instance/media", root.joinpath),
        "LOG_LEVEL": _Variable("info", values.one_of("debug", "info", "warning", "error")),
        "STREAMS_PER_WORKER": _Variable("5000", values.whole_number(0, 100_000)),
        "REGISTRATION": _Variable("open", values.one_of("open", "invite", "closed")),
        "DIRECTORY": _Variable("everyone", values.one_of("everyone", "shared")),
        "RATE_LIMITS": _Variable("on", values.is_on),
        "ADMIN_TOTP": _Variable("optional", values.one_of("optional", "required")),
        "REDIS_URL": _Variable(None, redis_url),
        "SMTP_URL": _Variable(None, smtp_url),
        "MAIL_FROM": _Variable(None, mail_from),
        "SHARED_MEMORY_DIR": _Variable(None, Path),
    }


def _contradictions(settings: Settings) -> list[str]:
    """Return a sentence for each setting that does not fit the others."""
    problems = [
        f"{PREFIX}{name} ({seconds} s) must not be longer than {PREFIX}SESSION_TTL ({settings.session_ttl} s), because "
        "a token can't outlive its session."
        for name, seconds in (("ACCESS_TTL", settings.access_ttl), ("REFRESH_TTL", settings.refresh_ttl))
        if seconds > settings.session_ttl
    ]
    if settings.smtp_url is not None:
        problems += [
            f"{PREFIX}{name} must be set with {PREFIX}SMTP_URL: {reason}."
            for name, value, reason in (
                ("MAIL_FROM", settings.mail_from, "mails need a sender such as Chat <chat@example.org>"),
                ("PUBLIC_URL", settings.public_url, "links in mails never take their host from a request"),
            )
            if value is None
        ]
    if settings.is_embedded:
        if settings.replica_url is not None:
            problems.append(f"{PREFIX}REPLICA_URL needs a PostgreSQL database in {PREFIX}DATABASE_URL.")
        return problems
    if not settings.secret_key:
        problems.append(
            f"{PREFIX}SECRET_KEY must be set with PostgreSQL, to the same key on all hosts. Generate one with"
            " `openssl rand -hex 32`."
        )
    if not settings.allowed_hosts:
        problems.append(
            f"{PREFIX}ALLOWED_HOSTS must be set with PostgreSQL, to the names of this chat such as chat.example.org."
        )
    return problems


def _unknown(names: list[str], known: dict[str, _Variable]) -> tuple[str, ...]:
    return tuple(
        f"{name} is not a setting of minichat and has no effect."
        for name in names
        if name.removeprefix(PREFIX) not in known
    )
