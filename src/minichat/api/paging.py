"""Cursors and `Link` headers: the pages of a list as complete URLs (RFC 8288)."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson
from flask import request

from minichat.api.context import base_url
from minichat.domain.errors import InvalidInput
from minichat.domain.paging import Key, Page, Window

_MAX_INT = 2**63 - 1
_POSITION_PARAMETERS = frozenset({"cursor", "before", "after", "around", "around_seq"})

PageLink = tuple[str, int | str]
"""The query parameter that leads to a page, and its value."""


def window_of(query: Mapping[str, Any]) -> Window:
    """Return the window that a `ListQuery` names."""
    return Window(query["limit"], **query.get("cursor", {}))


def window(limit: int, cursor: str | None, *shape: type) -> Window:
    """Return the window of a page. Raises InvalidInput if the cursor's key does not have values of these types."""
    return Window(limit) if cursor is None else Window(limit, **position(cursor, *shape))


def position(cursor: str, *shape: type) -> dict[str, Key]:
    """Return the key of a cursor by its direction, `after` or `before`. Raises InvalidInput like `window`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        direction, *key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError) as error:
        raise InvalidInput.of("cursor", "invalid_cursor") from error
    is_ours = direction in ("after", "before") and [type(value) for value in key] == list(shape)
    if not is_ours or not all(map(_can_be_stored, key)):
        raise InvalidInput.of("cursor", "invalid_cursor")
    return {direction: tuple(key)}


def _can_be_stored(value: int | str) -> bool:
    """Return whether a database can hold the value: PostgreSQL takes no NUL."""
    return abs(value) <= _MAX_INT if isinstance(value, int) else "\0" not in value


def cursor_after(key: Key | None) -> str | None:
    """Return the cursor of the page after the key, or None if there is no key."""
    return None if key is None else _cursor("after", key)


def cursor_before(key: Key) -> str:
    """Return the cursor of the page before the key."""
    return _cursor("before", key)


def links(page: Page[Any]) -> dict[str, str]:
    """Return the `Link` header with the pages before and after this one."""
    return link_header(
        next_page=("cursor", _cursor("after", page.next)) if page.next else None,
        prev_page=("cursor", _cursor("before", page.prev)) if page.prev else None,
    )


def link_header(next_page: PageLink | None, prev_page: PageLink | None) -> dict[str, str]:
    """Return a `Link` header with the URLs of the next and previous page, or no header if there are none."""
    pages = (("next", next_page), ("prev", prev_page))
    found = [f'<{_url(*link)}>; rel="{rel}"' for rel, link in pages if link is not None]
    return {"Link": ", ".join(found)} if found else {}


def _url(name: str, value: int | str) -> str:
    # The schema has accepted the other parameters, so they stay as the client wrote them.
    parts = request.query_string.decode("latin-1").split("&")
    kept = [part for part in parts if part and unquote(part.partition("=")[0]) not in _POSITION_PARAMETERS]
    return f"{base_url()}{request.path}?{'&'.join([*kept, f'{name}={value}'])}"


def _cursor(direction: str, key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([direction, *key])).rstrip(b"=").decode()
