"""Commands that create and change accounts. `createsuperuser` creates the first one, before anybody can log in."""

import sys
from typing import TYPE_CHECKING, cast

import click

from minichat.cli.common import Failed, Text, load_settings, read_password, services_of, upgrade
from minichat.cli.output import printable
from minichat.cli.users.common import language_option, name_argument, password_option, problems, services_for

if TYPE_CHECKING:
    from minichat.config import Settings
    from minichat.domain.recovery import ResetLink
    from minichat.domain.registration import AccountFields


@click.command(short_help="Create the account of an administrator.")
@click.option("--username", type=Text(), required=True, help="Name for logging in.")
@click.option("--email", type=Text(), default="", help="E-mail address of the person.")
@password_option
def createsuperuser(username: str, email: str, password_stdin: bool) -> None:
    """Create an account that can use the administration."""
    settings = load_settings()
    password = read_password(password_stdin)
    upgrade(settings)
    from minichat.domain.errors import InvalidInput, UsernameTaken

    try:
        with services_of(settings) as services:
            user = services.registration.create_superuser(username, password, email)
    except UsernameTaken as error:
        raise Failed(f"The username {username} is taken. Choose another one.") from error
    except InvalidInput as error:
        raise Failed(f"The account was not created. {problems(error)}") from error
    click.echo(f"Created the superuser {user.username}.")


@click.command()
@click.option("--first-name", type=Text(), default="", help="First name of the person.")
@click.option("--last-name", type=Text(), default="", help="Last name of the person.")
@click.option("--email", type=Text(), default="", help="E-mail address, which gets a mail to verify it.")
@language_option
@click.option("--link", is_flag=True, help="Set no password, and print a link with which the person sets it.")
@password_option
@name_argument
def create(
    name: str, first_name: str, last_name: str, email: str, language: str, link: bool, password_stdin: bool
) -> None:
    """Create an account, whatever MINICHAT_REGISTRATION says."""
    from minichat.domain.errors import UsernameTaken

    if link and password_stdin:
        raise click.UsageError("--link and --password-stdin exclude each other.")
    settings = load_settings()
    fields: AccountFields = {"first_name": first_name, "last_name": last_name, "email": email}
    password = None if link else read_password(password_stdin)
    with services_for(name, settings) as services:
        try:
            if password is None:
                _print_link(services.account_editing.create_with_link(name, language=language, **fields), settings)
                return
            user = services.account_editing.create(name, password, language=language, **fields)
        except UsernameTaken as error:
            raise Failed(printable(f"The username {name} is taken. Choose another one.")) from error
    click.echo(f"Created the account {user.username}.")


@click.command()
@click.option("--username", type=Text(), help="Another username. The earlier one stays reserved for 30 days.")
@click.option("--first-name", type=Text(), help="Another first name.")
@click.option("--last-name", type=Text(), help="Another last name.")
@click.option("--email", type=Text(), help='Another e-mail address, or "" for none. It must be verified again.')
@language_option
@name_argument
def edit(name: str, language: str, **given: str | None) -> None:
    """Change an account. Fields without an option keep their values."""
    from minichat.domain.account_editing import EditedFields, version_of
    from minichat.domain.errors import ChangedMeanwhile, UsernameTaken

    fields = cast("EditedFields", {field: value for field, value in given.items() if value is not None})
    if not fields:
        raise click.UsageError("Name a field to change, for example --first-name.")
    with services_for(name) as services:
        user = services.administration.find(name)
        try:
            edited = services.account_editing.edit(user.id, version_of(user), language=language, **fields)
        except UsernameTaken as error:
            raise Failed(printable(f"The username {given['username']} is taken. Choose another one.")) from error
        except ChangedMeanwhile as error:
            raise Failed("The account has just been changed by somebody else. Run the command again.") from error
    click.echo(f"{edited.username} is unchanged." if edited == user else f"{edited.username} is changed.")


@click.command(short_help="Set a new password.")
@name_argument
@password_option
def password(name: str, password_stdin: bool) -> None:
    """Set a new password and end all sessions of the account."""
    from minichat.domain.errors import InvalidInput

    with services_for(name) as services:
        try:
            user = services.administration.set_password(name, read_password(password_stdin))
        except InvalidInput as error:
            raise Failed(f"The password was not changed. {problems(error)}") from error
    click.echo(f"{user.username} has a new password and is logged out of all sessions.")


@click.command("reset-link", short_help="Print a link that sets a new password.")
@language_option
@name_argument
def reset_link(name: str, language: str) -> None:
    """Print a link that sets a new password once, for an hour. Earlier links are void."""
    from minichat.domain.errors import UserNotFound

    settings = load_settings()
    with services_of(settings) as services:
        try:
            _print_link(services.recovery.make_link(name, language=language), settings)
        except UserNotFound as error:
            raise Failed(printable(f"There is no enabled account named {name}.")) from error


def _print_link(link: "ResetLink", settings: "Settings") -> None:
    if settings.public_url is None and sys.stderr.isatty():
        click.echo("Put the address of your server before this part of a link, or set MINICHAT_PUBLIC_URL.", err=True)
    click.echo(f"{settings.public_url or ''}/#reset={link.token}")


COMMANDS = (create, edit, password, reset_link)
