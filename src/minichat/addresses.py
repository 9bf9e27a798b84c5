"""Addresses as URLs, `Host` headers and proxies write them: hosts, clients and path prefixes. One definition of each.

The settings, the requests and `minichat check` use it. This module knows nothing of them, and only the standard
library. Functions return the canonical form of a text, or None if the text is malformed.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

MAX_NAME_LENGTH = 253
MAX_AUTHORITY_LENGTH = MAX_NAME_LENGTH + len(".:65535")
MAX_PREFIX_LENGTH = 200
_MAX_CLIENT_LENGTH = 100
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_OPAQUE_HOST = re.compile(r"[a-z0-9._~-]{1,253}")
_AUTHORITY = re.compile(r"([^:\[\]]+|\[[^\[\]]+\])(?::([0-9]{0,5}))?")
# The port of an IPv6 address outside brackets would be ambiguous, except after an IPv4 address inside it.
_CLIENT = re.compile(
    r"(?:\[([^\[\]]+)\]|(?:::ffff:)?([0-9.]+))(?::[0-9]{1,5})?|([0-9a-f:.]+(?:%[^%]+)?)", re.IGNORECASE
)
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~@+-]+)*")


class Authority(NamedTuple):
    """The host of a URL and its port."""

    host: str
    port: int | None

    def text(self, scheme: str) -> str:
        """Return `host[:port]` without the scheme's default port, as browsers write it."""
        is_default = self.port in {None, _DEFAULT_PORTS.get(scheme)}
        return self.host if is_default else f"{self.host}:{self.port}"


def host(text: str) -> str | None:
    """Return a host: a name (`chat_api` too), an IPv4 address, or an IPv6 address in brackets.

    Case does not matter, and one trailing dot is dropped, as is the zone of an IPv6 address: only its machine knows it.
    """
    if not text.isascii() or len(text) > MAX_NAME_LENGTH + 1:
        return None
    text = text.lower()
    if text.startswith("["):
        return _ipv6_host(text[1:-1]) if text.endswith("]") else None
    name = text.removesuffix(".")
    return name if len(name) <= MAX_NAME_LENGTH and _NAME.fullmatch(name) else None


def authority(text: str) -> Authority | None:
    """Return the parts of `host[:port]`. A colon without a port names none (RFC 9110, section 4.2)."""
    match = _AUTHORITY.fullmatch(text)
    found = host(match[1]) if match else None
    if match is None or found is None:
        return None
    port = int(match[2]) if match[2] else None
    return Authority(found, port) if port is None or 0 < port < 65_536 else None


def origin(text: str) -> str | None:
    """Return the origin of a page as browsers send it (RFC 6454): `scheme://host[:port]`.

    The page of an app has a scheme of its own (`capacitor://localhost`, `app://-`), and its host is any word.
    """
    scheme, separator, rest = text.lower().partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return None
    if scheme not in _DEFAULT_PORTS and _OPAQUE_HOST.fullmatch(rest):
        return f"{scheme}://{rest}"
    found = authority(rest)
    return None if found is None or rest.endswith(":") else f"{scheme}://{found.text(scheme)}"


class AllowedHosts:
    """The hosts that requests may name. Without names, any host is allowed."""

    def __init__(self, names: Iterable[str]) -> None:
        """A name with a leading dot stands for itself and all its subdomains."""
        names = tuple(names)
        self._names = frozenset(name.removeprefix(".") for name in names)
        self._suffixes = tuple(name for name in names if name.startswith("."))

    def __contains__(self, found: object) -> bool:
        """Return whether a canonical host is allowed."""
        return not self._names or found in self._names or (isinstance(found, str) and found.endswith(self._suffixes))


def client_address(text: str) -> str | None:
    """Return the IP address of a client: an address that may have a port, brackets, quotation marks or a zone.

    An IPv4 address inside an IPv6 address (`::ffff:198.51.100.8`) is that IPv4 address.
    """
    return _client_address(text) if len(text) <= _MAX_CLIENT_LENGTH else None


@lru_cache(1024)
def _client_address(text: str) -> str | None:
    match = _CLIENT.fullmatch(text.strip(' \t"'))
    if match is None:
        return None
    found = next(filter(None, match.groups()))
    try:
        address = ip_address(found.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def path_prefix(text: str) -> str | None:
    """Return the path under which a service stands, such as `/chat`, without a trailing slash; empty for the root.

    Its characters need no encoding in URLs, cookies, headers or pages, and no segment is empty or made of dots alone.
    """
    text = text.removesuffix("/")
    return text if len(text) <= MAX_PREFIX_LENGTH and _PREFIX.fullmatch(text) else None


def _ipv6_host(text: str) -> str | None:
    try:
        return f"[{IPv6Address(text.partition('%')[0])}]"
    except ValueError:
        return None
