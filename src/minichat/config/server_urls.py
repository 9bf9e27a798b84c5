"""URLs of PostgreSQL and Redis servers, read by the parsers of their own clients.

An operator may forget to percent-encode `@`, `/` or `%` in a password. A client then takes a part of the password for a
host or a database, and repeats it in its messages. So this module refuses such a URL. Its own texts repeat only hosts,
ports, services and the database's name.
"""

import re
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, urlsplit

from minichat.config.environment import ValidationError

POSTGRES = "postgresql://"


def postgres_url(text: str) -> str:
    """Return the URL if libpq understands it, with the scheme `postgresql`."""
    url = re.sub("^postgres://", POSTGRES, text)
    try:
        parameters = _libpq_parameters(url)
    except ValueError:
        is_right = False
    else:
        is_right = not _has_unescaped_at(url) and _has_hosts(parameters)
    if not is_right or not url.startswith(POSTGRES) or not url.isprintable():
        raise ValidationError(
            "must look like postgresql://user:password@db.example.org:5432/chat, with %40 for @, %2F for / and %25"
            " for % in the password, and with options of libpq after a question mark."
        )
    return url


def described_postgres(url: str) -> str:
    """Return a valid URL for messages: its hosts, its database and its service, without user, password and options."""
    parameters = _libpq_parameters(url)
    hosts = (parameters.get("host") or parameters.get("hostaddr") or "").split(",")
    ports = parameters.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    name = quote(parameters.get("dbname", ""), safe="")
    kept = {"service": parameters.get("service", "")}
    if any(host.startswith(("/", "@")) for host in hosts):  # folders of sockets
        kept |= {"host": ",".join(hosts), "port": parameters.get("port", "")}
        hosts = ports = []
    places = (
        f"{f'[{host}]' if ':' in host else host}{port and f':{port}'}" for host, port in zip(hosts, ports, strict=True)
    )
    query = "&".join(f"{key}={value}" for key, value in kept.items() if value)
    return f"{POSTGRES}{','.join(places)}{name and f'/{name}'}{query and f'?{query}'}"


def redis_url(text: str) -> str:
    """Return the URL if the client of Redis understands it."""
    try:
        url = urlsplit(text)
        parse_qsl(url.query, strict_parsing=bool(url.query))
        is_right = url.port != 0 and text.isprintable() and not url.fragment
    except ValueError:
        is_right = False
    else:
        if url.scheme == "unix":
            is_right &= bool(url.path)
        else:
            is_right &= bool(url.hostname) and re.fullmatch(r"/?|/[0-9]{1,4}", url.path) is not None
    if not is_right or not _suits_redis(text):
        raise ValidationError(
            "must look like redis://localhost:6379/0, rediss://localhost:6379/0 (TLS) or unix:///run/redis.sock."
        )
    return text


def _libpq_parameters(url: str) -> dict[str, str]:
    """Return libpq's parameters. Raises ValueError, without libpq's text, which may repeat a part of the password."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict  # late: only a PostgreSQL needs it

    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        raise ValueError("libpq does not understand the URL") from None


def _has_unescaped_at(url: str) -> bool:
    """Return whether a part of the password may have become a host or the database's name."""
    after = re.sub("^[^@/]*@", "", url.removeprefix(POSTGRES))  # libpq's rule for the user and the password
    return "@" in after.partition("?")[0]


def _has_hosts(parameters: dict[str, str]) -> bool:
    """Return whether libpq can connect to each host and port."""
    hosts = (parameters.get("host") or parameters.get("hostaddr") or "").split(",")
    ports = parameters.get("port", "").split(",")
    return (
        len(ports) in {1, len(hosts)}
        and all(not port or is_port(port) for port in ports)
        and all(re.fullmatch(r"|[/@].*|[^\s@:/?#%]+", host) or _is_address(host) for host in hosts)
    )


def is_port(text: str) -> bool:
    """Return whether the text is the number of a port that a server can listen on."""
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65_536


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _suits_redis(url: str) -> bool:
    from redis import Redis, RedisError  # late: it takes 6 MB of memory

    try:
        Redis.from_url(url).connection_pool.make_connection()  # which connects at its first command
    except (ValueError, TypeError, RedisError):  # the scheme; the name or the value of a parameter
        return False
    return True
