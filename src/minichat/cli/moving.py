"""Commands that copy data: backup, export and import. The Peewee adapter reads and writes the rows."""

import glob
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

import click

from minichat.atomic_files import FileIsThere, NotWritten, atomic_file
from minichat.cli.common import (
    Failed,
    current_database,
    database_failures,
    expect_database,
    fill_index,
    load_settings,
    standard_input,
    upgrade,
)
from minichat.cli.progress import progress_bar

if TYPE_CHECKING:
    from minichat.adapters.peewee import ChatDatabase
    from minichat.config import Settings

STANDARD_STREAM = Path("-")
"""The name of standard input and standard output."""
SUFFIXES = ("-wal", "-shm", "-journal", "-turns", "-streams", "-typing")
"""Suffixes of the files that belong to an SQLite database."""


@click.command(short_help="Copy the SQLite database to a file.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace PATH if it exists.")
@click.option("--media", is_flag=True, help="Also copy the uploaded pictures, to the folder PATH.media.")
def backup(path: Path, force: bool, media: bool) -> None:
    """Copy a snapshot of the SQLite database to the file PATH. The server may run meanwhile."""
    settings = load_settings()
    if not settings.is_embedded:
        raise Failed("This command copies SQLite databases. Back up PostgreSQL with pg_dump.")
    expect_database(settings)
    _expect_replaceable(path, settings)
    from peewee import PeeweeException

    from minichat.adapters.media import FileMedia
    from minichat.adapters.peewee.engine.sqlite import Sqlite
    from minichat.adapters.peewee.operations.backup import Damaged, copy
    from minichat.domain.errors import Unavailable

    pictures, copied = FileMedia(settings.pictures_dir), FileMedia(_media_beside(path, settings) / "avatars")
    names = set()
    try:
        with _atomic_file(path, force) as file, progress_bar("Copying") as bar:
            # Copy the pictures before the database and again after it, because users remove and add pictures meanwhile.
            names |= pictures.copy_to(copied) if media else set()
            copy(Sqlite(settings.database_path), file, bar.update)
            names |= pictures.copy_to(copied) if media else set()
        if media:
            copied.keep_only(names)
    except Damaged as error:
        raise Failed(f"No backup was made, because the database is damaged: {error}") from error
    except (PeeweeException, Unavailable) as error:
        raise Failed(f"No backup was made: {error}") from error
    with_pictures = f", and {len(names)} pictures to {path}.media" if media else ""
    click.echo(f"Copied the database, {path.stat().st_size / 2**20:.1f} MiB, to {path}{with_pictures}.")


@click.command(short_help="Write all data to a file.")
@click.argument("file", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def export(file: Path, force: bool) -> None:
    """Write a snapshot of all data to FILE or standard output. The server may run meanwhile.

    The export consists of JSON lines. `minichat import` reads them into another database. It holds password hashes and
    other secrets.
    """
    settings = load_settings()
    database = current_database(settings)
    if file != STANDARD_STREAM:
        _expect_replaceable(file, settings)
    from minichat.adapters.peewee.operations.export import export as lines_of
    from minichat.api.times import rfc3339
    from minichat.wiring import now

    with (
        database_failures(settings),
        progress_bar("Exporting") as bar,
        closing(lines_of(database, rfc3339(now()), bar.update)) as lines,  # which ends its transaction
        _opened(file, force) as output,
    ):
        output.writelines(lines)
    if file != STANDARD_STREAM:
        click.echo(f"Exported all data, {file.stat().st_size / 2**20:.1f} MiB, to {file}.")


@click.command("import", short_help="Read an export into an empty database.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
def import_(file: Path) -> None:
    """Read an export from FILE or standard input (-) into an empty database.

    After an interruption, run the command again to continue.
    """
    settings = load_settings()
    from minichat.adapters.peewee.operations.import_ import Export, NotImported, load

    try:
        with _seekable(file) as lines, database_failures(settings), progress_bar("Importing") as bar:
            size = lines.seek(0, os.SEEK_END)
            database = _database_to_fill(settings)
            # The file is read twice: to check it, and to load it.
            rows = load(
                database,
                Export(lines),
                lambda _: bar.update(size + lines.tell(), 2 * size),
                checking=lambda: bar.update(lines.tell(), 2 * size),
            )
    except NotImported as error:
        raise Failed(f"{_name(file)} was not imported: {error}.") from error
    click.echo(f"Imported {rows} rows{'' if file == STANDARD_STREAM else f' from {file}'}.")
    fill_index(database, settings)


def _database_to_fill(settings: "Settings") -> "ChatDatabase":
    """Return the database with its tables, which may hold a part of an import. Raises Failed."""
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations import migrate
    from minichat.adapters.peewee.operations.incomplete_import import import_progress

    database = open_database(settings.database_url)
    database.create()
    if import_progress(database) is None:
        upgrade(settings)
    elif migrate.missing(database):  # an incomplete import can't be migrated
        raise Failed(
            f"{settings.database_name} holds an unfinished import by an earlier version. Continue with that version"
            " or import into a new database."
        )
    return database


@click.command(short_help="Record that a database has been restored.")
def restored() -> None:
    """Record that another program has restored the database to an earlier state. Stop all servers first.

    Clients then load everything again. A copy made by `minichat backup` does not need this command.
    """
    settings = load_settings()
    from minichat.adapters.peewee.operations import migrate
    from minichat.adapters.peewee.stores import log_epoch

    database = current_database(settings)
    with database_failures(settings), database.migrating(migrate.PATIENCE_SECONDS):
        log_epoch.adopt_database(database)
    click.echo("Clients will load everything again when they reconnect.")


def _expect_replaceable(path: Path, settings: "Settings") -> None:
    """Raise Failed if `path` is a database in use or a file of this database: replacing it would damage it."""
    if not path.name:
        raise Failed(f"{path} is not a file.")
    if not path.is_file():
        return
    if settings.is_embedded:
        database = settings.database_path
        if path.samefile(database):
            raise Failed(f"{path} is the database itself. Choose another path.")
        beside = [database.with_name(f"{database.name}{suffix}") for suffix in SUFFIXES]
        for pattern in ("-log-*", "-streams-*"):
            beside += database.parent.glob(glob.escape(database.name) + pattern)
        if any(other.exists() and path.samefile(other) for other in [*beside, settings.secret_key_path]):
            raise Failed(f"{path} belongs to the database. Choose another path.")
    from minichat.adapters.peewee.operations.backup import is_in_use

    if is_in_use(path):
        raise Failed(f"{path} is a database in use. Choose another path.")


def _media_beside(path: Path, settings: "Settings") -> Path:
    folder = path.with_name(f"{path.name}.media")
    if folder.resolve() == settings.media_dir.resolve():
        raise Failed(f"{folder} is the folder of the pictures themselves. Choose another path.")
    return folder


@contextmanager
def _atomic_file(path: Path, force: bool) -> Iterator[Path]:
    """Yield a file that becomes `path` when the block ends. Raises Failed if it can't be written."""
    try:
        with atomic_file(path, replace=force) as file:
            yield file
    except FileIsThere as error:
        raise Failed(f"{path} exists already. Use --force to replace it.") from error
    except NotWritten as error:
        raise Failed(str(error)) from error
    except OSError as error:
        raise Failed(f"{path} can't be written: {error}") from error


@contextmanager
def _opened(file: Path, force: bool) -> Iterator[BinaryIO]:
    """Yield standard output, or a file that becomes `file` when the block ends. Raises Failed."""
    if file != STANDARD_STREAM:
        with _atomic_file(file, force) as draft, draft.open("wb") as output:
            yield output
        return
    yield sys.stdout.buffer


@contextmanager
def _seekable(file: Path) -> Iterator[BinaryIO]:
    """Yield the file or standard input, or a temporary copy of a pipe: the import reads it twice. Raises Failed."""
    with ExitStack() as stack:
        try:
            given = standard_input() if file == STANDARD_STREAM else stack.enter_context(file.open("rb"))
            if given.seekable():
                given.seek(0)
                lines = given
            else:
                lines = stack.enter_context(TemporaryFile())  # of this user alone, and without a name
                shutil.copyfileobj(given, lines)
                lines.flush()
        except OSError as error:
            raise Failed(f"{_name(file)} can't be read or kept in a temporary file: {error}.") from error
        yield lines


def _name(file: Path) -> str:
    return "Standard input" if file == STANDARD_STREAM else str(file)
