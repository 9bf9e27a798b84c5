"""Reading an export into an empty database: in batches, each all or nothing, so it can be broken off anywhere.

The database is marked from the first row on to the moment when what it holds was read again and found equal.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, BinaryIO

import orjson
from peewee import DatabaseError

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.operations.export import body
from minichat.adapters.peewee.operations.incomplete_import import MARK, import_progress
from minichat.adapters.peewee.operations.migrate import schema
from minichat.adapters.peewee.operations.transfer import FORMAT, TABLES, Table
from minichat.adapters.peewee.stores import log_epoch

BATCH = 5_000
"""How many rows go in one transaction."""
MAX_LINE_BYTES = 2**20
"""How long a line may be, in bytes: none of ours comes near it."""

Row = tuple[Table, list[Any]]


class NotImported(Exception):
    """The data was not imported, or not all of it; the text says why, with a small letter and without a full stop."""


class Export:
    """A file that should be an export. Everything that is wrong with it is told by NotImported."""

    def __init__(self, file: BinaryIO) -> None:
        """`file` can be read more than once."""
        self._file = file
        self._line = 0
        self.last_ids: dict[str, int] = {}
        self.sha256 = ""
        """Like `last_ids` known when all rows were read."""

    def check(self) -> None:
        """Read all of it."""
        for _ in self.rows():
            pass

    def rows(self) -> Iterator[Row]:
        """All rows with their tables; what else is in the file is checked on the way, the checksum at its end."""
        self._file.seek(0)
        self._line = 0
        self._check_head()
        digest, counts = hashlib.sha256(), {}
        value = self._next(digest)
        for table in TABLES:
            self._check_table(value, table)
            counts[table.name] = 0
            while isinstance(value := self._next(digest), list):
                if len(value) != len(table.columns):
                    raise self._wrong(f"has {len(value)} values where a row of {table.name} has {len(table.columns)}")
                if not table.can_hold(value):
                    raise self._wrong(f"has a value that no row of {table.name} can have")
                counts[table.name] += 1
                yield table, value
        self.last_ids = self._read_last_ids(value)
        if self._next() != {"rows": counts, "sha256": digest.hexdigest()}:
            raise NotImported("its lines are not those that were exported: the count or the checksum differs")
        self.sha256 = digest.hexdigest()
        if self._file.read(1):
            raise self._wrong("should have been the last")

    def _next(self, digest: "hashlib._Hash | None" = None) -> Any:
        line = self._file.readline(MAX_LINE_BYTES)
        self._line += 1
        if len(line) == MAX_LINE_BYTES:
            raise self._wrong("is too long")
        if not line.endswith(b"\n"):
            raise NotImported("it was cut off: the end is missing")
        if digest is not None:
            digest.update(line)
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._wrong("is no JSON") from error

    def _check_head(self) -> None:
        try:
            head = self._next()
        except NotImported:
            head = None
        if not isinstance(head, dict) or head.get("minichat") != "export":
            raise NotImported("it is no export of a minichat")
        if head.get("format") != FORMAT:
            raise NotImported(f"its format is {head.get('format')}, and this minichat reads {FORMAT}")
        if head.get("schema") != schema():
            raise NotImported("it was exported by another version of minichat, whose tables are not those of this one")

    def _check_table(self, value: object, table: Table) -> None:
        if not isinstance(value, dict) or value.get("table") != table.name:
            raise self._wrong(f"should have begun the table {table.name}")
        if value.get("columns") != list(table.columns):
            raise self._wrong(f"does not name the columns of {table.name}: {', '.join(table.columns)}")

    def _read_last_ids(self, value: object) -> dict[str, int]:
        found = value.get("last_ids") if isinstance(value, dict) else None
        if not isinstance(found, dict) or set(found) != {table.name for table in TABLES if table.gives_ids}:
            raise self._wrong("should have told the last ids")
        return found

    def _wrong(self, what: str) -> NotImported:
        return NotImported(f"its line {self._line} {what}")


def load(database: ChatDatabase, export: Export, progress: Callable[[int], object] = lambda _rows: None) -> int:
    """Import an export into a database that has the tables and no rows, or go on; return how many rows it has.

    `progress` is told how many rows are there. Raises NotImported, after which the database is as marked as before, and
    Unavailable.
    """
    export.check()
    done = _begin(database, export)
    rows = islice(export.rows(), done, None)
    while batch := list(islice(rows, BATCH)):
        _add(database, batch, done)
        done += len(batch)
        progress(done)
    _finish(database, export)
    return done


def _begin(database: ChatDatabase, export: Export) -> int:
    """Mark the database, if it is not marked; return how many rows are there."""
    with database.writing(), database.dialect.without_time_limits(database):
        begun = import_progress(database)
        if begun is None:
            for table in TABLES:
                if database.execute_sql(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone():  # noqa: S608 - our own
                    raise NotImported(f"the database is not empty, there are rows in {table.name}")
            database.execute_sql(f"CREATE TABLE {MARK} (sha256 TEXT NOT NULL, rows BIGINT NOT NULL)")
            insert = f"INSERT INTO {MARK} (sha256, rows) VALUES (:digest, 0)"  # noqa: S608 - our own
            Statement.of_text(database, insert).run(digest=export.sha256)
            return 0
    if begun.sha256 != export.sha256:
        raise NotImported("the import of another export has begun: go on with that one, or make an empty database")
    return begun.rows


def _add(database: ChatDatabase, batch: list[Row], done: int) -> None:
    step = f"UPDATE {MARK} SET rows = rows + :more WHERE rows = :done"  # noqa: S608 - our own
    try:
        with database.writing(), database.dialect.without_time_limits(database):
            if Statement.of_text(database, step).run(more=len(batch), done=done) != 1:
                raise NotImported("another process is importing as well")
            for table, rows in groupby(batch, itemgetter(0)):
                database.dialect.insert_rows(database, table.name, table.columns, [row for _, row in rows])
    except DatabaseError as error:
        where = f"between the {done + 1}th and {done + len(batch)}th"
        raise NotImported(f"the database refuses a row {where}: {' '.join(str(error).split())}") from error


def _finish(database: ChatDatabase, export: Export) -> None:
    """Take the mark away if all is there, and nothing else."""
    with database.writing(), database.dialect.without_time_limits(database):
        for table in TABLES:
            if last := export.last_ids.get(table.name):
                database.dialect.continue_ids_after(database, table.name, last)
        digest = hashlib.sha256()
        for _, line in body(database):
            digest.update(line)
        if digest.hexdigest() != export.sha256:
            raise NotImported("the database holds something else than was exported, as if another program wrote to it")
        log_epoch.renew(database)
        database.execute_sql(f"DROP TABLE {MARK}")
        database.dialect.refresh_statistics(database)
