"""Shared parts of the commands: the settings, the services, and failures as one sentence."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import click

from minichat.cli.output import printable
from minichat.cli.progress import progress_bar

if TYPE_CHECKING:
    from minichat.adapters.peewee import ChatDatabase
    from minichat.config import Settings
    from minichat.domain.services import Services


REPORT_SECONDS = 5.0
"""Interval between two lines about the progress of a long command."""
MAX_LINE_BYTES = 64 * 1024
"""Maximum length of a password or a token on standard input."""


class Text(click.ParamType[str]):
    """An argument that holds valid text: Python represents other bytes by lone surrogates."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("is not text in the encoding of this terminal.", param, ctx)
        return value


class Failed(click.ClickException):
    """The command failed; the text is a sentence for the operator."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file, err=True)


class Misconfigured(Failed):
    """The settings are wrong: exit code 2, as for wrong arguments."""

    exit_code = 2


def load_settings(
    *, makes_secret: bool = True, run: Callable[[Callable[[], "Settings"]], "Settings"] = lambda action: action()
) -> "Settings":
    """Return the settings, and print their notices; `run` chooses the process that reads them. Raises Misconfigured."""
    from minichat.config import Settings, SettingsError

    try:
        settings = run(partial(Settings.load, makes_secret=makes_secret))
    except SettingsError as error:
        raise Misconfigured(str(error)) from error
    for notice in settings.notices:
        click.echo(notice, err=True)
    return settings


@contextmanager
def database_failures(settings: "Settings") -> Iterator[None]:
    """Raise Failed if the block can't use the database."""
    from peewee import PeeweeException

    from minichat.domain.errors import Unavailable

    try:
        yield
    except (PeeweeException, OSError, ValueError, Unavailable) as error:
        raise Failed(f"The database {settings.database_name} can't be used: {' '.join(str(error).split())}") from error


@contextmanager
def media_failures(settings: "Settings") -> Iterator[None]:
    """Raise Failed if the block can't use the folder of uploaded pictures."""
    from minichat.adapters.media import MediaUnavailable

    try:
        yield
    except MediaUnavailable as error:
        raise Failed(f"MINICHAT_MEDIA_DIR: pictures can't be stored in {settings.media_dir}: {error}") from error


def expect_database(settings: "Settings") -> None:
    """Raise Failed if there is no database."""
    if settings.is_embedded and not settings.database_path.exists():
        raise Failed(f"There is no database {settings.database_path}. Create it with `minichat db upgrade`.")


def whole_database(settings: "Settings") -> "ChatDatabase":
    """Return the database. Raises Failed if it does not exist, or if an import into it is incomplete."""
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations.incomplete_import import expect_complete

    expect_database(settings)
    with database_failures(settings):
        database = open_database(settings.database_url)
        expect_complete(database)
    return database


def current_database(settings: "Settings") -> "ChatDatabase":
    """Return the database. Raises Failed if it does not exist, or if its schema belongs to another version."""
    database = whole_database(settings)
    with database_failures(settings):
        expect_current(database)
    return database


def expect_current(database: "ChatDatabase") -> None:
    """Raise Failed if the schema belongs to an earlier version."""
    from minichat.adapters.peewee.operations import migrate

    if migrate.missing(database):
        raise Failed("The database lacks migrations. Apply them with `minichat db upgrade`.")


def upgrade(settings: "Settings") -> "ChatDatabase":
    """Apply missing migrations and index all names; create the database if there is none. Return it."""
    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations import migrate
    from minichat.adapters.peewee.operations.reindex import reindex

    with database_failures(settings):
        if settings.is_embedded:
            settings.database_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = open_database(settings.database_url, settings.replica_url)
        for name in migrate.upgrade(database):
            click.echo(f"Applied the migration {name}.")
        with progress_bar("Indexing names") as bar:
            indexed = reindex(database, UnicodeCharacters(), report=bar.update)
        if indexed:
            click.echo(f"Indexed the names of {indexed} people and rooms for the search.")
    return database


def fill_index(database: "ChatDatabase", settings: "Settings") -> None:
    """Index all messages that the search index lacks, beside a server. Print the progress if that takes long."""
    import time

    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.peewee.operations.message_filling import Progress, fill

    started = reported = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal reported
        bar.update(progress.indexed, progress.total)
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            bar.print_above(f"Indexed {progress.indexed} of {progress.total} messages for the search.")

    def pause(_seconds: float) -> None:
        database.checkpoint()

    with database_failures(settings):
        with progress_bar("Indexing messages") as bar:
            indexed = fill(database, UnicodeCharacters(), report, pause)
        if reported > started:
            click.echo(f"Indexed the words of {indexed} messages for the search.")


@contextmanager
def services_of(settings: "Settings") -> Iterator["Services"]:
    """Yield the services on an existing database. Raises Failed if the block can't use it."""
    from minichat.wiring import services_on

    with database_failures(settings):
        yield services_on(current_database(settings), settings)


def expect_confirmation(question: str) -> None:
    """Ask a question at the terminal. Raises Failed unless the answer is yes."""
    try:
        is_confirmed = click.confirm(printable(question), err=True)
    except click.Abort as error:
        raise Failed("\nThere is no answer. Confirm with --yes.") from error
    if not is_confirmed:
        raise Failed("Nothing was changed.")


def read_password(from_stdin: bool) -> str:
    """Prompt for a password twice, or read one line from standard input."""
    if from_stdin:
        return read_line()
    if not _has_terminal():
        raise Failed("There is no terminal to prompt at. Pass the password with --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return sys.stdin is not None and sys.stdin.isatty()
    return True


def read_line() -> str:
    """Return one line from standard input, in UTF-8, without a byte order mark. Raises Failed if there is none."""
    try:
        # PowerShell writes the mark into a pipe.
        return standard_input().readline(MAX_LINE_BYTES).decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise Failed(f"Standard input can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Failed("Standard input is not text in UTF-8.") from error


def standard_input() -> BinaryIO:
    """Return standard input. Raises Failed if the parent process has closed it."""
    if sys.stdin is None:
        raise Failed("Standard input is closed.")
    return sys.stdin.buffer
