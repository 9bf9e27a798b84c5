"""The command line: it reads the settings, calls the services, and reports a failure in one sentence.

Exit code 1 means that a command failed, 2 that its arguments or the settings are wrong. Each command imports its code
when it runs, so that `minichat --help` is fast and `serve` starts without Flask in its parent process. This package
holds no rule of the chat.
"""

import atexit
import gc
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from minichat import __version__
from minichat.cli.audit import audit
from minichat.cli.check import check
from minichat.cli.common import (
    Failed,
    current_database,
    database_failures,
    expect_current,
    fill_index,
    load_settings,
    media_failures,
    upgrade,
    whole_database,
)
from minichat.cli.completion import completion
from minichat.cli.demo import demo
from minichat.cli.moving import backup, export, import_, restored
from minichat.cli.output import json_option, print_json
from minichat.cli.progress import progress_bar
from minichat.cli.reports import reports
from minichat.cli.rooms import rooms
from minichat.cli.users import users
from minichat.cli.users.accounts import createsuperuser
from minichat.standard_streams import OutputFailed, guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minichat.adapters.peewee.operations.message_filling import Progress
    from minichat.config import Settings

PRUNE_PAUSE_SECONDS = 0.005
"""Pause of `prune` after each transaction, in which other processes can write."""


SIGNALLED = 128
"""A shell adds this to the number of the signal that has ended a program."""


class Commands(click.Group):
    """click's group, which also reports failures of the standard streams and of the system as one sentence."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command. If the reader of its output ends early, as `head` does, end like a program killed by it."""
        atexit.register(gc.freeze)  # so that Python does not search all modules for garbage at its end: 0.2 s
        with guarded():
            try:
                try:
                    return super().main(*args, **options)
                finally:
                    sys.stdout.flush()
            except OutputFailed as error:
                if error.is_closed_pipe:
                    sys.exit(SIGNALLED + signal.SIGPIPE)
                click.echo(error, err=True)
                sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; report an interruption, and errors of the system that it has not foreseen."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(SIGNALLED + signal.SIGINT)
        except OSError as error:
            raise Failed(f"The command failed: {error}.") from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Run and administer a minichat server.

    Settings are environment variables named MINICHAT_..., or lines in a file .env in the working directory.
    """


for command in (createsuperuser, users, rooms, reports, audit, backup, export, import_, demo, check, completion):
    main.add_command(command)


@main.command(short_help="Serve until stopped.")
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Listen on HOST:PORT or unix:PATH.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Number of worker processes. [default: one for each core, at most 4]"
)
def serve(bind: str, workers: int | None) -> None:
    """Migrate the database, create the folder for pictures, and serve until stopped."""
    gc.disable()  # a collection would find nothing: what an import creates stays
    from minichat import serving

    gc.freeze()  # the children that this process forks need not search it either
    gc.enable()
    settings = load_settings(run=serving.in_child)
    try:
        serving.serve(settings, bind, workers, prepare=lambda: _prepare_and_exit(settings))
    except serving.ServingError as error:
        raise Failed(str(error)) from error


@main.group()
def db() -> None:
    """Administer the database."""


@db.command("upgrade", short_help="Apply missing migrations, build the indexes.")
def db_upgrade() -> None:
    """Apply missing migrations and complete the search index; create the database if there is none.

    The server may run while the index is filled, and you can interrupt that at any time.
    """
    settings = load_settings()
    fill_index(upgrade(settings), settings)


@db.command("status", short_help="List the migrations and the index's state.")
@json_option
def db_status(as_json: bool) -> None:
    """List the migrations and the state of the search index; exit with 1 if the database lacks a migration."""
    settings = load_settings()
    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.peewee.operations import message_filling, migrate

    database = whole_database(settings)
    with database_failures(settings):
        migrations = migrate.status(database)
        indexed = None
        if all(is_applied for _, is_applied in migrations):
            indexed = message_filling.progress(database, UnicodeCharacters())
        if as_json:
            print_json(_status_as_json(migrations, indexed))
        else:
            for name, is_applied in migrations:
                click.echo(f"{'applied' if is_applied else 'missing'}  {name}")
            if indexed is not None:
                state = "complete" if indexed.is_complete else f"{indexed.indexed} of about {indexed.total} messages"
                click.echo(f"search   {state}")
        expect_current(database)


def _status_as_json(migrations: "Sequence[tuple[str, bool]]", indexed: "Progress | None") -> dict[str, Any]:
    return {
        "migrations": [{"name": name, "is_applied": is_applied} for name, is_applied in migrations],
        "search_index": indexed and {**indexed._asdict(), "is_complete": indexed.is_complete},
    }


db.add_command(restored)


def _prepare_and_exit(settings: "Settings") -> NoReturn:
    """Prepare for serving, in a separate process; report a failure and exit like a command."""
    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.media import FileMedia
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations.message_filling import progress
    from minichat.serving import UNFINISHED

    try:
        with suppress(OutputFailed):  # a closed standard output is no reason not to serve
            upgrade(settings)
            sys.stdout.flush()
        with database_failures(settings):
            indexed = progress(open_database(settings.database_url), UnicodeCharacters())
        with media_failures(settings):
            FileMedia(settings.pictures_dir).prepare()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(0 if indexed.is_complete else UNFINISHED)


@main.command()
def prune() -> None:
    """Remove expired data. The server may run meanwhile, and you can interrupt the command at any time."""
    settings = load_settings()
    import time

    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.peewee.operations.message_filling import purge
    from minichat.domain.retention import Kind, LogRetention
    from minichat.wiring import services_on

    database = current_database(settings)

    def pause() -> None:
        database.checkpoint()
        time.sleep(PRUNE_PAUSE_SECONDS)

    logs = LogRetention(changes_seconds=settings.changes_ttl, audit_seconds=settings.audit_ttl)
    kinds = services_on(database, settings).retention.apply(logs, pause=pause)
    with database_failures(settings), media_failures(settings), progress_bar("Pruning") as bar:
        bar.update(0, len(Kind))
        for done, (kind, removed) in enumerate(kinds, start=1):
            bar.print_above(f"{removed:>9}  {kind}")
            bar.update(done, len(Kind))
    fill_index(database, settings)  # a server of an earlier version may have left some messages out
    with database_failures(settings):
        if purge(database, UnicodeCharacters()):
            click.echo(f"{1:>9}  search index built anew, without removed words")


@main.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    import json
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from minichat.api.openapi import openapi_document
    from minichat.app import create_app
    from minichat.config import Settings

    # No setting changes the document, so the command reads none.
    with TemporaryDirectory() as folder:
        document = openapi_document(create_app(Settings.defaults(Path(folder))))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
