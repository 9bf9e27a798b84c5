"""Keyset paging: a page starts after (or ends before) a key, never at an offset, so every page costs the same.

A key is the tuple of values that a list is ordered by. Who shows pages to the outside turns keys into opaque cursors.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

Key = tuple[int | str, ...]


class Window(NamedTuple):
    """Which part of a list is asked for: at most `limit` items after `after`, or the last ones before `before`."""

    limit: int
    after: Key | None = None
    before: Key | None = None


class Page(NamedTuple, Generic[T]):
    """Some items in the list's order, with the keys from which the walk goes on and back; None where it ends."""

    items: Sequence[T]
    next: Key | None
    prev: Key | None


def cut(rows: Sequence[T], window: Window, key: Callable[[T], Key]) -> Page[T]:
    """Make a page of `rows`, which hold one more than the window's limit if the list goes on.

    The rows are in the list's order, so the surplus one is the last, or the first when the walk goes backwards.
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
