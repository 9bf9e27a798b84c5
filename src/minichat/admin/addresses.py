"""Addresses of the pages. A list keeps its filter, sort order and page in its address.

A page that a list, or another page, leads to carries that address as `back`: an action, a save and the link "Back"
return there. Only addresses of the administration are accepted, so no link can lead an administrator to another site.
"""

from urllib.parse import unquote, urlencode

from flask import request
from werkzeug.routing import BaseConverter

URL = "/admin"
_POSITION = "cursor"
_MAX_LENGTH = 1_500
"""Of an address to return to. Each step encodes the earlier ones anew, and gunicorn limits a line to 4,094 bytes."""


class AnythingConverter(BaseConverter):
    """The rest of an address, whatever it is. werkzeug's `path` matches no line break and no double slash."""

    part_isolating = False
    regex = "(?s:.*)"
    weight = 1_000
    """Every other rule comes first."""


def here() -> str:
    """Return the address of this page, with its query. After a long way through pages it forgets the earlier ones."""
    query = request.query_string.decode("latin-1")
    address = f"{request.root_path}{request.path}{'?' if query else ''}{query}"
    if len(address) > _MAX_LENGTH:
        address = changed(back=None, cursor=request.args.get(_POSITION))
    return address if len(address) <= _MAX_LENGTH else f"{request.root_path}{request.path}"


def changed(**changes: str | None) -> str:
    """Return the address of this list with other parameters, None for none. Without a `cursor`, at its first page."""
    arguments: dict[str, str | None] = {**request.args.to_dict(), _POSITION: None, **changes}
    query = urlencode({name: value for name, value in arguments.items() if value})
    return f"{request.root_path}{request.path}{'?' if query else ''}{query}"


def back(default: str) -> str:
    """Return the address that this page returns to: the one in its query, or the default."""
    address = request.args.get("back", "")
    return address if _is_ours(address) else default


def _is_ours(address: str) -> bool:
    is_plain = address.isascii() and address.isprintable() and not any(char in address for char in ' \\"<>')
    path = unquote(address.partition("?")[0])  # browsers read `%2e%2e` like `..`
    is_inside = address.startswith(f"{request.root_path}{URL}/") and "/." not in path
    return is_plain and is_inside and len(address) <= _MAX_LENGTH
