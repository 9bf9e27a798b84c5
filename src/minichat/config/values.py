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

from minichat import addresses
from minichat.config.environment import ValidationError
from minichat.config.server_urls import POSTGRES, postgres_url

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
    """Return the base of a service's URLs as browsers write it, without a trailing slash."""
    match = re.fullmatch(r"(https?)://([^/?#]+)(/[^?#]*)?", text, re.IGNORECASE)
    scheme, named, path = match.groups() if match else ("", "", None)
    authority, prefix = addresses.authority(named), addresses.path_prefix(path or "")
    if authority is None or prefix is None:
        raise ValidationError(
            f"must be a base URL such as https://chat.example.org or https://example.org/chat{_not(text)}."
        )
    return f"{scheme.lower()}://{authority.text(scheme.lower())}{prefix}"


def origin(text: str) -> str:
    """Return the origin as browsers send it (RFC 6454): lower case, without the scheme's default port."""
    found = addresses.origin(text)
    if found is None:
        raise ValidationError(
            f"must list origins such as https://chat.example.org, without a path and without *{_not(text)}."
        )
    return found


def host_name(text: str) -> str:
    """Return a name that `Host` may hold; a leading dot stands for the name and all its subdomains."""
    found = addresses.host(text.removeprefix("."))
    if found is None:
        raise ValidationError(
            f"must list names such as chat.example.org, or .example.org for all of them, without scheme, port and *"
            f"{_not(text)}."
        )
    return f".{found}" if text.startswith(".") else found


def network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValidationError(f"must list addresses or networks such as 10.1.0.0/16{_not(text)}.") from None


def _not(text: str) -> str:
    """Repeat the wrong value in a message, unless it may hold a password, as a URL in the wrong variable does."""
    return "" if re.search(r"[@?#%]|://[^/]*:\D", text) else f", not {text!r}{_in_ascii(text)}"


def _in_ascii(text: str) -> str:
    """Return a hint at the form in which browsers send a host in Unicode (UTS #46), if the text names one."""
    import idna  # late: it takes 1 MB, and only a wrong value needs it

    named = re.sub(r"^(?:[^/]*://|\.)|[:/].*", "", text)
    try:
        found = "" if named.isascii() else idna.encode(named, uts46=True).decode()
    except idna.IDNAError:
        return ""
    return f". Write {found} for {named}, as browsers send it" if addresses.host(found) else ""
