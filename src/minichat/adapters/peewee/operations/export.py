"""All data as the lines of an export, whose format `transfer` describes. It reads one snapshot and writes nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import Any

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.operations.incomplete_import import expect_complete
from minichat.adapters.peewee.operations.migrate import schema
from minichat.adapters.peewee.operations.transfer import FORMAT, TABLES, Table

AT_ONCE = 1_000
"""Maximum number of rows in memory."""

Progress = Callable[[int, int], object]
"""Called with the number of written rows and of all rows."""


def export(
    database: ChatDatabase, exported_at: str, progress: Progress = lambda _done, _of: None
) -> Generator[bytes, None, None]:
    """Yield the lines of an export of one snapshot, in constant memory. Raises Unavailable."""
    with database.reading(), database.dialect.without_time_limits(database):
        expect_complete(database)
        yield _line({"minichat": "export", "format": FORMAT, "schema": schema(), "exported_at": exported_at})
        total = sum(_count(database, table) for table in TABLES)
        digest, rows = hashlib.sha256(), Counter({table.name: 0 for table in TABLES})
        for done, (table, line) in enumerate(body(database)):
            digest.update(line)
            if table is not None:
                rows[table.name] += 1
            if done % AT_ONCE == 0:
                progress(done, total)
            yield line
        yield _line({"rows": rows, "sha256": digest.hexdigest()})


def body(database: ChatDatabase) -> Iterator[tuple[Table | None, bytes]]:
    """Yield the lines between the first and the last, each row with its table."""
    last_ids = {table.name: database.dialect.last_id(database, table.name) for table in TABLES if table.gives_ids}
    for table in TABLES:
        yield None, _line({"table": table.name, "columns": table.columns})
        for row in _rows(database, table):
            yield table, _line(row)
    yield None, _line({"last_ids": last_ids})


def _count(database: ChatDatabase, table: Table) -> int:
    found = Statement.of_text(database, f'SELECT count(*) FROM "{table.name}"').one()  # noqa: S608 - our own
    assert found is not None
    count: int = found[0]
    return count


def _rows(database: ChatDatabase, table: Table) -> Iterator[list[Any]]:
    """Yield all rows in the order of their keys; read them in batches."""
    columns, key = (", ".join(f'"{name}"' for name in names) for names in (table.columns, table.key))
    places = ", ".join(f":{name}" for name in table.key)
    select = f'SELECT {columns} FROM "{table.name}"'  # noqa: S608 - our own
    in_order = f"ORDER BY {key} LIMIT {AT_ONCE}"
    after = Statement.of_text(database, f"{select} WHERE ({key}) > ({places}) {in_order}")
    found = Statement.of_text(database, f"{select} {in_order}").rows()
    key_places = [table.columns.index(name) for name in table.key]
    booleans = [place for place, types in enumerate(table.types) if bool in types]
    while found:
        for values in found:
            row = list(values)
            for place in booleans:
                row[place] = bool(row[place])
            yield row
        last = found[-1]
        found = after.rows(**{name: last[place] for name, place in zip(table.key, key_places, strict=True)})


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
