"""Commands that take the data elsewhere: a copy of the database while it is in use, and all of it as lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from minichat.atomic_files import FileIsThere, NotWritten, atomic_file
from minichat.cli.common import (
    Failed,
    current_database,
    database_failures,
    expect_database,
    load_settings,
    upgrade,
)

if TYPE_CHECKING:
    from minichat.config import Settings

STANDARD_OUTPUT = Path("-")
BESIDE = ("-wal", "-shm", "-journal", "-turns", "-streams", "-typing")
"""What the names of the files end in that belong to an SQLite database."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace PATH if it is there.")
@click.option("--media", is_flag=True, help="Copy the uploaded pictures too, into the folder PATH.media.")
def backup(path: Path, force: bool, media: bool) -> None:
    """Copy the SQLite database, as it is at one moment, to the file PATH; the server may run meanwhile."""
    settings = load_settings()
    if not settings.is_embedded:
        raise Failed("This copies SQLite: to back PostgreSQL up, use its own pg_dump.")
    expect_database(settings)
    _expect_unused(path, settings)
    from peewee import PeeweeException

    from minichat.adapters.media import FileMedia
    from minichat.adapters.peewee.engine.sqlite import Sqlite
    from minichat.adapters.peewee.operations.backup import Damaged, copy
    from minichat.domain.errors import Unavailable

    pictures, copied = FileMedia(settings.pictures_dir), FileMedia(_media_beside(path, settings) / "avatars")
    names = set()
    try:
        with _written_as_a_whole(path, force) as file, _shown_progress() as progress:
            # Before the database and after it: what its rows name may have been removed or added meanwhile.
            names |= pictures.copy_to(copied) if media else set()
            copy(Sqlite(settings.database_path), file, progress)
            names |= pictures.copy_to(copied) if media else set()
        if media:
            copied.keep_only(names)
    except Damaged as error:
        raise Failed(f"No backup was made, as the database is damaged: {error}") from error
    except (PeeweeException, Unavailable) as error:
        raise Failed(f"No backup was made: {error}") from error
    with_pictures = f", and {len(names)} pictures to {path}.media" if media else ""
    click.echo(f"Copied the database, {path.stat().st_size / 2**20:.1f} MiB, to {path}{with_pictures}.")


@click.command()
@click.argument("file", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(file: Path, force: bool) -> None:
    """Write all data, as it is at one moment, to FILE or standard output; the server may run meanwhile.

    These are lines of JSON, which `minichat import` reads into another database. They hold all that is secret.
    """
    settings = load_settings()
    database = current_database(settings)
    if file != STANDARD_OUTPUT:
        _expect_unused(file, settings)
    from minichat.adapters.peewee.operations.exporting import export as lines_of
    from minichat.api.times import rfc3339
    from minichat.wiring import now

    with database_failures(settings), _shown_progress() as progress:
        lines = lines_of(database, rfc3339(now()), progress)
        with _opened(file, force) as output:
            output.writelines(lines)
    if file != STANDARD_OUTPUT:
        click.echo(f"Exported all data, {file.stat().st_size / 2**20:.1f} MiB, to {file}.")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_(file: Path) -> None:
    """Read an export into the database, which must be empty; broken off, it goes on when it is run again."""
    settings = load_settings()
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations import migrating
    from minichat.adapters.peewee.operations.importing import Export, NotImported, load
    from minichat.adapters.peewee.operations.unfinished import unfinished

    database = open_database(settings.database_url)
    with database_failures(settings):
        is_new = unfinished(database) is None
        if not is_new and migrating.missing(database):  # and to apply migrations to a half is refused
            raise Failed(
                f"{settings.database_name} holds a part of an import that an earlier minichat has begun: go on with"
                " that one, or import into a new database."
            )
    if is_new:
        upgrade(settings)
    try:
        with database_failures(settings), file.open("rb") as lines, _shown_progress() as progress:
            if not lines.seekable():
                raise Failed(f"{file} can't be imported from: it must be a file, as it is read twice.")
            size = file.stat().st_size
            rows = load(database, Export(lines), lambda _: progress(lines.tell(), size))
    except NotImported as error:
        raise Failed(f"{file} was not imported: {error}.") from error
    click.echo(f"Imported {rows} rows from {file}.")


@click.command()
def restored() -> None:
    """Say, while no server runs, that another program has brought the database back to an earlier state.

    Clients that come back are then told to load everything anew. A copy by `minichat backup` knows it by itself.
    """
    settings = load_settings()
    from minichat.adapters.peewee.operations import migrating
    from minichat.adapters.peewee.stores import epochs

    database = current_database(settings)
    with database_failures(settings), database.migrating(migrating.PATIENCE):
        epochs.go_on_from_backup(database)
    click.echo("Clients that come back will load everything anew.")


def _expect_unused(path: Path, settings: "Settings") -> None:
    """Refuse to replace a database that is in use, or what lies beside ours: what is left would be of no use."""
    if not path.name:
        raise Failed(f"{path} is not a file.")
    if not path.is_file():
        return
    if settings.is_embedded:
        database = settings.database_path
        if path.samefile(database):
            raise Failed(f"{path} is the database itself.")
        beside = [database.with_name(f"{database.name}{suffix}") for suffix in BESIDE]
        if any(other.exists() and path.samefile(other) for other in [*beside, settings.secret_key_path]):
            raise Failed(f"{path} belongs to the database.")
    from minichat.adapters.peewee.operations.backup import is_in_use

    if is_in_use(path):
        raise Failed(f"{path} is a database that is in use.")


def _media_beside(path: Path, settings: "Settings") -> Path:
    folder = path.with_name(f"{path.name}.media")
    if folder.resolve() == settings.media_dir.resolve():
        raise Failed(f"{folder} is the folder of the pictures themselves.")
    return folder


@contextmanager
def _written_as_a_whole(path: Path, force: bool) -> Iterator[Path]:
    """A file that becomes `path` when the block ends; what keeps it from that is told in a sentence."""
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
    """What to write to: standard output, or a draft that becomes `file` when the block ends."""
    if file != STANDARD_OUTPUT:
        with _written_as_a_whole(file, force) as draft, draft.open("wb") as output:
            yield output
        return
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except OSError as error:
        raise Failed(f"Standard output can't be written: {error}") from error


@contextmanager
def _shown_progress() -> Iterator[Callable[[int, int], object]]:
    """What a terminal is shown of the progress: to be told how much is done, and of how much."""
    with click.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def tell(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield tell
