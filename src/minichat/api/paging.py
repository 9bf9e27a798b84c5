"""Cursors and `Link` headers: the pages of a list as complete URLs (RFC 8288)."""

import base64
from typing import Any
from urllib.parse import unquote

import orjson
from flask import request

from minichat.api.context import base_url
from minichat.domain.errors import InvalidInput
from minichat.domain.paging import Key, Page, Window

_INT_MOST = 2**63 - 1
_PLACES = frozenset({"cursor", "before", "after", "around"})

Place = tuple[str, int | str]
"""The parameter that says where a page lies, with its value."""


def window(limit: int, cursor: str | None, *shape: type) -> Window:
    """The window that a query asks for. Raises InvalidInput for a cursor that is not of a list with such keys."""
    if cursor is None:
        return Window(limit)
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        direction, *key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError) as error:
        raise InvalidInput.of("cursor", "invalid_cursor") from error
    is_ours = direction in ("after", "before") and [type(value) for value in key] == list(shape)
    if not is_ours or not all(map(_can_be_stored, key)):
        raise InvalidInput.of("cursor", "invalid_cursor")
    return Window(limit, **{direction: tuple(key)})


def _can_be_stored(value: int | str) -> bool:
    """Whether a database could hold it at all: PostgreSQL takes no NUL."""
    return abs(value) <= _INT_MOST if isinstance(value, int) else "\0" not in value


def cursor_after(key: Key | None) -> str | None:
    """The cursor of what follows the key; None if nothing does."""
    return None if key is None else _cursor("after", key)


def links(page: Page[Any]) -> dict[str, str]:
    """The headers that lead to the pages next to this one."""
    return link_header(
        next_page=("cursor", _cursor("after", page.next)) if page.next else None,
        prev_page=("cursor", _cursor("before", page.prev)) if page.prev else None,
    )


def link_header(next_page: Place | None, prev_page: Place | None) -> dict[str, str]:
    """A `Link` header to this request's URL with other places in its query; none where both are None."""
    places = (("next", next_page), ("prev", prev_page))
    found = [f'<{_url(*place)}>; rel="{rel}"' for rel, place in places if place is not None]
    return {"Link": ", ".join(found)} if found else {}


def _url(name: str, value: int | str) -> str:
    # What else stands in the query has been understood (see `parsing`), so it is kept as it was written.
    parts = request.query_string.decode("latin-1").split("&")
    kept = [part for part in parts if part and unquote(part.partition("=")[0]) not in _PLACES]
    return f"{base_url()}{request.path}?{'&'.join([*kept, f'{name}={value}'])}"


def _cursor(direction: str, key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([direction, *key])).rstrip(b"=").decode()
