"""An import of an export into an empty database, in transactional batches: an interrupted import can continue.

The database is marked as incomplete (see `incomplete_import`) until its content has been read again and is equal to the
export. The format is the one of `transfer`.
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
from minichat.adapters.peewee.stores.message_index import begin_again

BATCH = 5_000
"""Number of rows that one transaction inserts."""
MAX_LINE_BYTES = 2**20
"""Maximum length of a line. Exported lines are much shorter."""

TableRow = tuple[Table, list[Any]]


class NotImported(Exception):
    """The import failed or is incomplete. The text is the reason, without a capital and a full stop."""


class Export:
    """A file to import. Reading raises NotImported for every error in the file."""

    def __init__(self, file: BinaryIO) -> None:
        """`file` must be seekable, because it is read more than once."""
        self._file = file
        self._line = 0
        self.last_ids: dict[str, int] = {}
        self.sha256 = ""
        """Empty, like `last_ids`, until all rows have been read."""

    def check(self, progress: Callable[[], object] = lambda: None) -> None:
        """Read the whole file; call `progress` now and then."""
        for number, _ in enumerate(self.rows()):
            if number % BATCH == 0:
                progress()

    def rows(self) -> Iterator[TableRow]:
        """Yield all rows with their tables; check everything else on the way, and the checksum at the end."""
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
            raise NotImported("it was changed after the export: the count or the checksum differs")
        self.sha256 = digest.hexdigest()
        if self._file.read(1):
            raise self._wrong("should be the last one")

    def _next(self, digest: "hashlib._Hash | None" = None) -> Any:
        line = self._file.readline(MAX_LINE_BYTES)
        self._line += 1
        if len(line) == MAX_LINE_BYTES:
            raise self._wrong("is too long")
        if not line.endswith(b"\n"):
            raise NotImported("it is incomplete: the end is missing")
        if digest is not None:
            digest.update(line)
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise self._wrong("is not JSON") from error

    def _check_head(self) -> None:
        try:
            head = self._next()
        except NotImported:
            head = None
        if not isinstance(head, dict) or head.get("minichat") != "export":
            raise NotImported("it is not an export of minichat")
        if head.get("format") != FORMAT:
            raise NotImported(f"its format is {head.get('format')}, and this minichat reads {FORMAT}")
        if head.get("schema") != schema():
            raise NotImported("it was exported by another version of minichat, which has other tables")

    def _check_table(self, value: object, table: Table) -> None:
        if not isinstance(value, dict) or value.get("table") != table.name:
            raise self._wrong(f"should begin the table {table.name}")
        if value.get("columns") != list(table.columns):
            raise self._wrong(f"does not name the columns of {table.name}: {', '.join(table.columns)}")

    def _read_last_ids(self, value: object) -> dict[str, int]:
        found = value.get("last_ids") if isinstance(value, dict) else None
        if not isinstance(found, dict) or set(found) != {table.name for table in TABLES if table.gives_ids}:
            raise self._wrong("should hold the last ids")
        return found

    def _wrong(self, what: str) -> NotImported:
        return NotImported(f"its line {self._line} {what}")


def load(
    database: ChatDatabase,
    export: Export,
    progress: Callable[[int], object] = lambda _rows: None,
    *,
    checking: Callable[[], object] = lambda: None,
) -> int:
    """Import an export into a database without rows, or continue an import; return the number of rows.

    Call `checking` now and then while the file is read for the first time, and then `progress` with the number of
    imported rows. Raises Unavailable, or NotImported, which keeps the mark.
    """
    export.check(checking)
    done = _begin(database, export)
    rows = islice(export.rows(), done, None)
    while batch := list(islice(rows, BATCH)):
        _add(database, batch, done)
        done += len(batch)
        progress(done)
    _finish(database, export)
    return done


def _begin(database: ChatDatabase, export: Export) -> int:
    """Mark the database unless it is marked; return the number of its imported rows."""
    with database.writing(), database.dialect.without_time_limits(database):
        begun = import_progress(database)
        if begun is None:
            for table in TABLES:
                if database.execute_sql(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone():  # noqa: S608 - our own
                    raise NotImported(f"the database is not empty (the table {table.name} has rows)")
            database.execute_sql(f"CREATE TABLE {MARK} (sha256 TEXT NOT NULL, rows BIGINT NOT NULL)")
            insert = f"INSERT INTO {MARK} (sha256, rows) VALUES (:digest, 0)"  # noqa: S608 - our own
            Statement.of_text(database, insert).run(digest=export.sha256)
            begin_again(database, is_empty=True)
            return 0
    if begun.sha256 != export.sha256:
        raise NotImported(
            "the database holds an unfinished import of another export: continue with that file or use a new database"
        )
    return begun.rows


def _add(database: ChatDatabase, batch: list[TableRow], done: int) -> None:
    step = f"UPDATE {MARK} SET rows = rows + :more WHERE rows = :done"  # noqa: S608 - our own
    try:
        with database.writing(), database.dialect.without_time_limits(database):
            if Statement.of_text(database, step).run(more=len(batch), done=done) != 1:
                raise NotImported("another process is importing too")
            for table, rows in groupby(batch, itemgetter(0)):
                database.dialect.insert_rows(database, table.name, table.columns, [row for _, row in rows])
    except DatabaseError as error:
        where = f"the rows {done + 1} to {done + len(batch)}"
        raise NotImported(f"the database refuses one of {where}: {' '.join(str(error).split())}") from error


def _finish(database: ChatDatabase, export: Export) -> None:
    """Remove the mark if the database holds the exported data and nothing else."""
    with database.writing(), database.dialect.without_time_limits(database):
        for table in TABLES:
            if last := export.last_ids.get(table.name):
                database.dialect.continue_ids_after(database, table.name, last)
        digest = hashlib.sha256()
        for _, line in body(database):
            digest.update(line)
        if digest.hexdigest() != export.sha256:
            raise NotImported("the database differs from the export, as if another program wrote to it")
        log_epoch.renew(database)
        begin_again(database, is_empty=False)
        database.execute_sql(f"DROP TABLE {MARK}")
        database.dialect.refresh_statistics(database)
