"""Parsers of single values: numbers, words, origins, hosts, networks and the URLs of a database and of this service.

A parser returns the value, or raises ValidationError. The message follows the variable's name in a sentence. It never
repeats a text that may hold a password.
"""

import ipaddress
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from environs import ValidationError

from minichat.config.server_urls import POSTGRES, is_port, postgres_url

Item = TypeVar("Item")

SQLITE = "sqlite:///"


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValidationError(f"must be a whole number from {least} to {most}{_not(text)}.")
        return int(text)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValidationError(f"must be {', '.join(choices[:-1])} or {choices[-1]}{_not(text)}.")
        return text.lower()

    return parse


def is_on(text: str) -> bool:
    return one_of("on", "off")(text) == "on"


def list_of(parse: Callable[[str], Item]) -> Callable[[str], tuple[Item, ...]]:
    """Return a parser of items between commas, without repetitions."""
    return lambda text: tuple(dict.fromkeys(parse(item.strip()) for item in text.split(",") if item.strip()))


def database_url(root: Path) -> Callable[[str], str]:
    """Return a parser of a database's URL; a relative path to a file starts at `root`."""

    def parse(text: str) -> str:
        if text.startswith((POSTGRES, "postgres://")):
            return postgres_url(text)
        if not text.startswith(SQLITE):
            raise ValidationError("must look like sqlite:///path/to/file or postgresql://user@host/name.")
        path = text.removeprefix(SQLITE)
        if not path or path.endswith("/") or path == ":memory:":
            raise ValidationError("must name a file after sqlite:///, which all workers can open.")
        if set(path) & set("?#\0"):
            raise ValidationError("must not have parameters after the path.")
        return f"{SQLITE}{root / path}"

    return parse


def base_url(text: str) -> str:
    """Return the base of a service's URLs, without a trailing slash."""
    wrong = ValidationError(f"must be a base URL such as https://chat.example.org{_not(text)}.")
    try:
        url = _split(text)
    except ValueError:
        raise wrong from None
    host = url.hostname or ""
    literal = f"[{host}]" if ":" in host else host
    if url.scheme not in {"http", "https"} or not is_host(literal):
        raise wrong
    if "@" in url.netloc or "?" in text or "#" in text or not re.fullmatch(r"[!-~]+", text):
        raise wrong
    return text.rstrip("/")


def origin(text: str) -> str:
    """Return the origin as browsers send it (RFC 6454): lower case, without the scheme's default port."""
    wrong = ValidationError(
        f"must list origins such as https://chat.example.org, without a path and without *{_not(text)}."
    )
    match = re.fullmatch(r"([a-z][a-z0-9+.-]*)://([^/@?#:\[\]]+|\[[^\]]+\])(?::(.*))?", text.lower())
    if match is None:
        raise wrong
    scheme, host, port = match.groups()
    if not is_host(host) or not (port is None or is_port(port)):
        raise wrong
    is_default = port is None or (scheme, port) in {("http", "80"), ("https", "443")}
    return f"{scheme}://{host}" if is_default else f"{scheme}://{host}:{port}"


def host_name(text: str) -> str:
    """Return a name that `Host` may hold, in lower case; a leading dot stands for all subdomains."""
    if not is_host(text.lower().removeprefix(".")):
        raise ValidationError(f"must list names such as chat.example.org, without scheme or port{_not(text)}.")
    return text.lower()


def network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValidationError(f"must list addresses or networks such as 10.1.0.0/16{_not(text)}.") from None


def is_host(text: str) -> bool:
    """Return whether the text is a name or an address as a URL may hold it: IPv6 in brackets."""
    if text.startswith("[") and text.endswith("]"):
        try:
            ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            return False
        return True
    label = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    return len(text) <= 253 and re.fullmatch(rf"{label}(?:\.{label})*", text) is not None


def _split(text: str) -> SplitResult:
    """Return the parts of a URL. Raises ValueError if the URL or its port is malformed."""
    url = urlsplit(text)
    if url.port == 0:  # which also raises ValueError for ports above 65535
        raise ValueError("there is no port 0")
    return url


def _not(text: str) -> str:
    """Repeat the wrong value in a message, unless it may hold a password, as a URL in the wrong variable does."""
    return "" if re.search(r"[@?#%]|://[^/]*:\D", text) else f", not {text!r}"
