"""Commands that create and change accounts. `createsuperuser` creates the first one, before anybody can log in."""

import sys

import click

from minichat.cli.common import Failed, Text, load_settings, read_password, services_of, upgrade
from minichat.cli.output import printable
from minichat.cli.users.common import name_argument, password_option, problems, services_for


@click.command()
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


@click.command("reset-link")
@name_argument
def reset_link(name: str) -> None:
    """Print a link that sets a new password once, for an hour. Earlier links are void."""
    from minichat.domain.errors import UserNotFound

    settings = load_settings()
    with services_of(settings) as services:
        try:
            link = services.recovery.make_link(name)
        except UserNotFound as error:
            raise Failed(printable(f"There is no enabled account named {name}.")) from error
    if settings.public_url is None and sys.stderr.isatty():
        click.echo("Put the address of your server before this part of a link, or set MINICHAT_PUBLIC_URL.", err=True)
    click.echo(f"{settings.public_url or ''}/#reset={link.token}")


COMMANDS = (password, reset_link)
