"""Repeats the registrations with which most tests begin, by the rows that the first ones have written.

A registration over HTTP takes 2 to 5 ms of CPU, its rows take a tenth of that. The tokens are the same each time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from minichat.adapters.peewee import ChatDatabase
from minichat.adapters.peewee.operations.transfer import TABLES

Key = tuple[object, ...]


class Rows(NamedTuple):
    table: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


class Writing(NamedTuple):
    """A statement that writes rows."""

    sql: str
    values: list[object]


class Registrations:
    """The registrations in the databases of one app. Each is known by all that has happened before."""

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        self._seen: set[Key] = set()
        self._kept: dict[Key, tuple[list[Writing], bytes]] = {}

    def make(self, key: Key, register: Callable[[], Any]) -> Any:
        """Return the answer to a registration: register, or write the rows of an earlier one with this key."""
        if key in self._kept:
            writings, answer = self._kept[key]
            with self._database.writing():
                for sql, values in writings:
                    self._database.execute_sql(sql, values)
            return orjson.loads(answer)
        if key not in self._seen:  # most names are used once
            self._seen.add(key)
            return register()
        before = self._rows()
        answer = register()
        added = [_added(old, new) for old, new in zip(before, self._rows(), strict=True)]
        self._kept[key] = self._writings([part for part in added if part.rows]), orjson.dumps(answer)
        return answer

    def _rows(self) -> list[Rows]:
        """Return all rows, those of each table after those that they refer to."""
        found = []
        for table in TABLES:
            cursor = self._database.execute_sql(f'SELECT * FROM "{table.name}"')
            columns = [column[0] for column in cursor.description]
            found.append(Rows(table.name, columns, [*map(tuple, cursor.fetchall())]))
        return found

    def _writings(self, added: list[Rows]) -> list[Writing]:
        inserts = [self._insert(part) for part in added]
        if self._database.dialect.name != "postgres":
            return inserts
        # One statement, in which PostgreSQL's sequences follow the ids.
        parts = ", ".join(f"part{number} AS ({insert.sql})" for number, insert in enumerate(inserts))
        ends = ", ".join(
            f"""setval(pg_get_serial_sequence('"{table}"', 'id'), {max(row[columns.index("id")] for row in rows)})"""
            for table, columns, rows in added
            if "id" in columns
        )
        return [Writing(f"WITH {parts} SELECT {ends}", [value for insert in inserts for value in insert.values])]

    def _insert(self, added: Rows) -> Writing:
        names = ", ".join(f'"{column}"' for column in added.columns)
        row = f"({', '.join([self._database.param] * len(added.columns))})"
        rows = ", ".join([row] * len(added.rows))
        sql = f'INSERT INTO "{added.table}" ({names}) VALUES {rows}'
        return Writing(sql, [value for row in added.rows for value in row])


def _added(before: Rows, after: Rows) -> Rows:
    """Return the rows that were added. Fail if others were changed, which a repetition would not do."""
    old = set(before.rows)
    assert old <= set(after.rows), f"a registration changes rows of {before.table}"
    return after._replace(rows=[row for row in after.rows if row not in old])
