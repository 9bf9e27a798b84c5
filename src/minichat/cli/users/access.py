"""Commands that decide who can log in and who administers: states, sessions, rights, and the end of an account."""

import click

from minichat.cli.choices import ID
from minichat.cli.common import Failed, expect_confirmation
from minichat.cli.users.common import name_argument, services_for


@click.command()
@name_argument
def disable(name: str) -> None:
    """Disable an account and end its sessions at once."""
    with services_for(name) as services:
        user, is_new = services.administration.disable(name)
    click.echo(f"{user.username} is disabled." if is_new else f"{user.username} was already disabled.")


@click.command()
@name_argument
def enable(name: str) -> None:
    """Enable a disabled account."""
    with services_for(name) as services:
        user, is_new = services.administration.enable(name)
    click.echo(f"{user.username} is enabled." if is_new else f"{user.username} was already enabled.")


@click.command(short_help="End the sessions of an account.")
@click.option("--session", "session_id", type=ID, metavar="ID", help="End this session only.")
@name_argument
def logout(name: str, session_id: int | None) -> None:
    """End all sessions of an account, or one of them. `minichat users show NAME` lists their ids."""
    from minichat.domain.errors import SessionNotFound

    with services_for(name) as services:
        if session_id is None:
            user, ended = services.administration.log_out(name)
            click.echo(f"{user.username} is logged out. Ended sessions: {ended}.")
            return
        user = services.administration.find(name)
        try:
            services.administration.end_session(user.id, session_id)
        except SessionNotFound as error:
            raise Failed(f"{user.username} has no live session {session_id}.") from error
    click.echo(f"The session {session_id} of {user.username} is over.")


@click.command("grant-superuser", short_help="Give superuser rights.")
@name_argument
def grant_superuser(name: str) -> None:
    """Let an account use the administration."""
    with services_for(name) as services:
        user, is_new = services.superusers.grant(services.administration.find(name).id)
    click.echo(f"{user.username} is a superuser." if is_new else f"{user.username} was already a superuser.")


@click.command("revoke-superuser", short_help="Take superuser rights back.")
@name_argument
def revoke_superuser(name: str) -> None:
    """Take the rights to the administration back and end all sessions. The last enabled superuser keeps them."""
    with services_for(name) as services:
        user, is_new = services.superusers.revoke(services.administration.find(name).id)
    click.echo(f"{user.username} is no superuser any more." if is_new else f"{user.username} is no superuser.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@name_argument
def erase(name: str, yes: bool) -> None:
    """Erase an account for ever, as its owner could. Messages stay, under the name deleted-user-<id>."""
    with services_for(name) as services:
        user = services.administration.find(name)
        if not yes:
            expect_confirmation(f"Erase the account of {user.username} (id {user.id}) for ever?")
        services.erasure.erase_account(user.id)
    click.echo(f"The account of {user.username} is erased.")


@click.command("totp-reset", short_help="Turn off somebody's second factor.")
@name_argument
def totp_reset(name: str) -> None:
    """Turn off the second factor of an administrator who lost it, and end their sessions in the administration."""
    with services_for(name) as services:
        user, is_reset = services.second_factors.reset(name)
    if is_reset:
        click.echo(f"{user.username} has no second factor any more and can sign in with the password alone.")
    else:
        click.echo(f"{user.username} has no second factor.")


COMMANDS = (disable, enable, logout, grant_superuser, revoke_superuser, erase, totp_reset)
