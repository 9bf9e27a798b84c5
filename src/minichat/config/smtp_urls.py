"""Parsers of the mail server's URL and of the sender of mails. No message repeats a part of a password."""

import re
from email.utils import formataddr, getaddresses
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from minichat import addresses
from minichat.config.environment import ValidationError

_PORTS = {"smtp": 587, "smtps": 465}


class MailServer(NamedTuple):
    host: str
    port: int
    is_tls: bool
    """Whether TLS begins with the connection."""
    username: str
    password: str


def smtp_url(text: str) -> MailServer:
    """Return the server of `smtp://` or `smtps://`, with or without a username and a password."""
    server = _parsed(text) if text.isprintable() else None
    if server is None:
        raise ValidationError(
            "must look like smtp://user:password@mail.example.org:587 or smtps://mail.example.org, with %40 for @, %2F"
            " for /, %3F for ?, %23 for # and %25 for % in the password."
        )
    return server


def _parsed(text: str) -> MailServer | None:
    try:
        parts = urlsplit(text)
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except (ValueError, KeyError):
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    has_credentials = "@" in parts.netloc
    if parts.path not in {"", "/"} or parts.query or parts.fragment or port == 0:
        return None  # perhaps a part of the password
    if addresses.authority(parts.netloc.rpartition("@")[2]) is None or has_credentials != bool(user and password):
        return None
    if not (user + password).isprintable():
        return None
    return MailServer(parts.hostname or "", port, parts.scheme == "smtps", user, password)


def mail_from(text: str) -> str:
    """Return the value of the header `From`: an address in ASCII, with or without a name."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    if (
        not text.isprintable()
        or not re.fullmatch(r"[!-;=?A-~]+@[A-Za-z0-9.\[\]:-]+", address)
        or address.count("@") != 1
    ):
        raise ValidationError("must be an address such as chat@example.org or Chat <chat@example.org>.")
    return formataddr((name, address))
