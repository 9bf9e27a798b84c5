"""Keyset paging: a page starts after a key, or ends before one, and never at an offset, so every page costs the same.

A key is the tuple of values by which a list is ordered. This module knows no list; the API turns keys into opaque
cursors.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

Key = tuple[int | str, ...]


class Window(NamedTuple):
    """A part of a list: at most `limit` items after the key `after`, or the last ones before the key `before`."""

    limit: int
    after: Key | None = None
    before: Key | None = None


class Page(NamedTuple, Generic[T]):
    """Items in the list's order, with the keys of the next and the previous page; None where the list ends."""

    items: Sequence[T]
    next: Key | None
    prev: Key | None


def cut(rows: Sequence[T], window: Window, key: Callable[[T], Key]) -> Page[T]:
    """Return the page of `rows`. The store returns one row more than the window's limit if the list continues.

    The rows are in the list's order. The surplus row is the last one, or the first one if the window has `before`.
    """
    surplus = len(rows) > window.limit
    if window.before is not None:
        items = rows[-window.limit :]
        has_next, has_prev = True, surplus
    else:
        items = rows[: window.limit]
        has_next, has_prev = surplus, window.after is not None
    if not items:
        return Page((), None, None)
    return Page(items, key(items[-1]) if has_next else None, key(items[0]) if has_prev else None)
