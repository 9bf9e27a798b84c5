"""Keyset paging in SQL, for every list that a client reads in pages.

A page starts after a key, or ends before one, and never at an offset, so every page costs the same. This module knows
no table; `domain.paging` cuts the surplus row off and makes the keys of the next pages.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from peewee import ColumnBase as Column
from peewee import Ordering, Select, Tuple

from minichat.adapters.peewee.engine.statements import Executor, Row, Statement, param
from minichat.domain.paging import Key, Window

T = TypeVar("T")


class KeysetPages:
    """The pages of one query, in the order of a key."""

    def __init__(
        self, database: Executor, query: Select, key: Sequence[Column], *, start: Key, newest_first: bool = False
    ) -> None:
        """`start` is a key before the first row; `newest_first` orders by descending keys."""
        self._start = start
        places = [param(f"key_{number}") for number in range(len(key))]
        order, edge = (key[0], places[0]) if len(key) == 1 else (Tuple(*key), Tuple(*places))
        falling: list[Ordering] = [column.desc() for column in key]
        rising: list[Ordering] = [column.asc() for column in key]
        greater = query.where(order > edge).order_by(*rising).limit(param("limit"))
        smaller = query.where(order < edge).order_by(*falling).limit(param("limit"))
        onward, back = (smaller, greater) if newest_first else (greater, smaller)
        self.onward, self.back = Statement(database, onward), Statement(database, back)

    def rows(self, window: Window, **values: int | str) -> list[Row]:
        """Return the rows in the window, in the order of the list, and one more if the list continues."""
        limit = window.limit + 1
        if window.before is None:
            return self.onward.rows(limit=limit, **_named(window.after or self._start), **values)
        return self.back.rows(limit=limit, **_named(window.before), **values)[::-1]


def _named(key: Key) -> dict[str, int | str]:
    return {f"key_{number}": value for number, value in enumerate(key)}


def merged(parts: Iterable[Sequence[T]], window: Window, key: Callable[[T], Key]) -> list[T]:
    """Return the window of a list, the largest key first, that consists of several lists.

    `parts` are the rows of each list in the window, with the surplus row. A row of several lists appears once.
    """
    by_key = {key(item): item for part in parts for item in part}
    ordered = [by_key[one] for one in sorted(by_key, reverse=True)]
    length = window.limit + 1
    return ordered[:length] if window.before is None else ordered[-length:]
