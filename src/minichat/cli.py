"""The command line: it reads the settings, calls what does the work, and tells a failure in a sentence.

Exit code 1 is "it could not be done", 2 is "it was asked for wrongly" (arguments, settings). What a command needs is
imported when it runs, so that `minichat --help` is immediate and `serve` starts without Flask in its parent process.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from minichat.config import Settings


class Failed(click.ClickException):
    """What was asked for could not be done: a sentence, no traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file, err=True)


class Misconfigured(Failed):
    """The environment is wrong, which is as wrong arguments are."""

    exit_code = 2


def _settings() -> "Settings":
    from minichat.config import Settings, SettingsError

    try:
        settings = Settings.load()
    except SettingsError as error:
        raise Misconfigured(str(error)) from error
    for notice in settings.notices:
        click.echo(notice, err=True)
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="minichat")
def main() -> None:
    """Serve and look after a minichat.

    Settings are environment variables named MINICHAT_..., or lines of a file .env in the working directory.
    """


@contextmanager
def _database_failures(settings: "Settings") -> Iterator[None]:
    """Tell in a sentence that the database can't be opened or does not answer."""
    from peewee import PeeweeException

    from minichat.domain.errors import Unavailable

    try:
        yield
    except (PeeweeException, OSError, Unavailable) as error:
        raise Failed(f"The database {settings.database_path} can't be used: {error}") from error


@main.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="HOST:PORT, or unix:PATH.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes. [default: one a core, at most 4]")
def serve(bind: str, workers: int | None) -> None:
    """Migrate the database, then serve the chat until stopped."""
    settings = _settings()
    from minichat import serving

    try:
        serving.serve(settings, bind, workers, prepare=lambda: _upgrade_and_exit(settings))
    except serving.ServingError as error:
        raise Failed(str(error)) from error


@main.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Apply the migrations that the database lacks; make the database if there is none."""
    _upgrade(_settings())


@db.command("status")
def db_status() -> None:
    """List the migrations and whether the database has them; exit with 1 if it lacks any."""
    settings = _settings()
    if not settings.database_path.exists():
        raise Failed(f"There is no database {settings.database_path} yet: `minichat db upgrade` makes it.")
    from minichat.adapters.peewee import migrating, open_database

    with _database_failures(settings):
        migrations = migrating.status(open_database(settings.database_url))
    for name, is_applied in migrations:
        click.echo(f"{'applied' if is_applied else 'missing'}  {name}")
    if not all(is_applied for _, is_applied in migrations):
        raise Failed("The database lacks migrations: `minichat db upgrade` applies them.")


def _upgrade(settings: "Settings") -> None:
    from minichat.adapters.peewee import migrating, open_database

    with _database_failures(settings):
        settings.database_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in migrating.upgrade(open_database(settings.database_url)):
            click.echo(f"Applied the migration {name}.")


def _upgrade_and_exit(settings: "Settings") -> NoReturn:
    """`db upgrade` as a whole process: what it can't do, it says, and exits as the command would."""
    try:
        _upgrade(settings)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(0)


@main.command()
@click.option("--username", required=True, help="The name to log in with.")
@click.option("--email", default="", help="Where to reach the person.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def createsuperuser(username: str, email: str, password_stdin: bool) -> None:
    """Make an account that may use the administration."""
    settings = _settings()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    _upgrade(settings)
    from minichat.api.texts import english
    from minichat.app import build_services
    from minichat.domain.errors import InvalidInput, UsernameTaken

    try:
        with _database_failures(settings):
            user = build_services(settings).registration.create_superuser(username, password, email)
    except UsernameTaken as error:
        raise Failed(f"The name {username} is taken.") from error
    except InvalidInput as error:
        wrong = (
            f"{field}: {english(found.code, **found.limits)}"
            for field, issues in error.issues.items()
            for found in issues
        )
        raise Failed(f"No account was made. {' '.join(wrong)}") from error
    click.echo(f"Made the superuser {user.username}.")


@main.command()
@click.option("--users", type=click.IntRange(min=1), default=50, show_default=True, help="Accounts to make.")
@click.option("--rooms", type=click.IntRange(min=1), default=50, show_default=True, help="Rooms to make.")
@click.option("--members", type=click.IntRange(min=1), default=10, show_default=True, help="Users in each room.")
@click.option("--messages", type=click.IntRange(min=0), default=100_000, show_default=True, help="All in one room.")
def demo(users: int, rooms: int, members: int, messages: int) -> None:
    """Fill an empty database to try things on: users user1, user2, ... with the password demo-password-1."""
    if members > users:
        raise click.UsageError("--members can't be more than --users.")
    from minichat.adapters.passwords import Argon2Passwords
    from minichat.adapters.peewee import demo as filling
    from minichat.adapters.peewee import open_database
    from minichat.app import now

    settings = _settings()
    _upgrade(settings)
    try:
        with _database_failures(settings):
            filling.fill(
                open_database(settings.database_url),
                users=users,
                rooms=rooms,
                members=members,
                messages=messages,
                password_hash=Argon2Passwords().hash("demo-password-1"),
                now=now(),
            )
    except filling.NotEmpty as error:
        raise Failed("The database is not empty, and demo data never mixes with real data.") from error
    click.echo(f"Made {users} users, {rooms} rooms and {messages} messages.")


@main.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    import json
    import secrets
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from minichat.api.docs import openapi_document
    from minichat.app import create_app
    from minichat.config import Settings

    # The document is the same whatever the settings are, so none are read, and nothing is left behind.
    with TemporaryDirectory() as folder:
        settings = Settings.load({"MINICHAT_SECRET_KEY": secrets.token_hex(32)}, root=Path(folder))
        document = openapi_document(create_app(settings))
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
