"""Commands for accounts and the audit log. They call the domain's services and print the results."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from minichat.cli.common import Failed, Text, load_settings, read_password, services_of, upgrade
from minichat.domain.model import AuditEntry, AuditEvent, People, User

if TYPE_CHECKING:
    from minichat.domain.administration import Administration
    from minichat.domain.errors import InvalidInput

_EVENTS = [event.value for event in AuditEvent if event != AuditEvent.UNKNOWN]


@click.command()
@click.option("--username", type=Text(), required=True, help="Name for logging in.")
@click.option("--email", type=Text(), default="", help="E-mail address of the person.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of prompting.")
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
        raise Failed(f"The account was not created. {_problems(error)}") from error
    click.echo(f"Created the superuser {user.username}.")


@click.group()
def users() -> None:
    """Administer accounts."""


@users.command("list")
@click.option("--query", type=Text(), metavar="TEXT", help="List the best matches for a part of a name, at most 200.")
def users_list(query: str | None) -> None:
    """List the accounts by name: state, joined, last seen, id and name."""
    from minichat.api.times import rfc3339
    from minichat.domain.errors import InvalidInput
    from minichat.domain.paging import Window

    def line(user: User) -> str:
        state = "disabled" if not user.is_active else "superuser" if user.is_superuser else "active"
        seen = "never seen".ljust(24) if user.last_seen_at is None else rfc3339(user.last_seen_at)
        return f"{state:<9}  {rfc3339(user.joined_at)}  {seen}  {user.id:>6}  {user.username}"

    with services_of(load_settings()) as services:
        if query is not None:
            try:
                found = services.directory.search(None, query, limit=200)
            except InvalidInput as error:
                raise Failed(_problems(error)) from error
            for user in found:
                click.echo(line(user))
            return
        page = services.directory.page(None, Window(200))
        while True:
            for user in page.items:
                click.echo(line(user))
            if page.next is None:
                return
            page = services.directory.page(None, Window(200, after=page.next))


@users.command("disable")
@click.argument("name", type=Text())
def users_disable(name: str) -> None:
    """Disable an account and end its sessions at once."""
    with _administration(name) as administration:
        user, is_new = administration.disable(name)
    click.echo(f"{user.username} is disabled." if is_new else f"{user.username} was already disabled.")


@users.command("enable")
@click.argument("name", type=Text())
def users_enable(name: str) -> None:
    """Enable a disabled account."""
    with _administration(name) as administration:
        user, is_new = administration.enable(name)
    click.echo(f"{user.username} is enabled." if is_new else f"{user.username} was already enabled.")


@users.command("logout")
@click.argument("name", type=Text())
def users_logout(name: str) -> None:
    """End all sessions of an account."""
    with _administration(name) as administration:
        user, ended = administration.log_out(name)
    click.echo(f"{user.username} is logged out. Ended sessions: {ended}.")


@users.command("password")
@click.argument("name", type=Text())
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of prompting.")
def users_password(name: str, password_stdin: bool) -> None:
    """Set a new password and end all sessions of the account."""
    from minichat.domain.errors import InvalidInput

    try:
        with _administration(name) as administration:
            user = administration.set_password(name, read_password(password_stdin))
    except InvalidInput as error:
        raise Failed(f"The password was not changed. {_problems(error)}") from error
    click.echo(f"{user.username} has a new password and is logged out of all sessions.")


@users.command("reset-link")
@click.argument("name", type=Text())
def users_reset_link(name: str) -> None:
    """Print a link that sets a new password once, for an hour. Earlier links are void."""
    from minichat.domain.errors import UserNotFound

    settings = load_settings()
    with services_of(settings) as services:
        try:
            link = services.recovery.make_link(name)
        except UserNotFound as error:
            raise Failed(_printable(f"There is no enabled account named {name}.")) from error
    if settings.public_url is None:
        click.echo("Put the address of your server before this part of a link, or set MINICHAT_PUBLIC_URL.", err=True)
    click.echo(f"{settings.public_url or ''}/#reset={link.token}")


@users.command("totp-reset")
@click.argument("name", type=Text())
def users_totp_reset(name: str) -> None:
    """Turn off the second factor of an administrator who lost it, and end their sessions in the administration."""
    from minichat.domain.errors import UserNotFound

    with services_of(load_settings()) as services:
        try:
            user, is_reset = services.second_factors.reset(name)
        except UserNotFound as error:
            raise Failed(_printable(f"There is no account named {name}.")) from error
    if is_reset:
        click.echo(f"{user.username} has no second factor any more and can sign in with the password alone.")
    else:
        click.echo(f"{user.username} has no second factor.")


@click.command()
@click.option("--user", "name", type=Text(), metavar="NAME", help="Only entries about this account.")
@click.option(
    "--event",
    type=click.Choice(_EVENTS),
    help="Only entries of this kind.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="Maximum number of entries."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def audit(name: str | None, event: str | None, limit: int, as_json: bool) -> None:
    """Print the newest entries of the audit log, the newest last."""
    with _administration(name or "") as administration:
        record = administration.record(limit, username=name, event=AuditEvent(event) if event else None)
    for entry in record.entries:
        click.echo(_as_json(entry, record.people) if as_json else _as_line(entry, record.people))


@contextmanager
def _administration(name: str) -> Iterator["Administration"]:
    """Yield the administration of accounts; fail with a sentence if the block finds no such account."""
    from minichat.domain.errors import UserNotFound

    with services_of(load_settings()) as services:
        try:
            yield services.administration
        except UserNotFound as error:
            raise Failed(_printable(f"There is no account named {name}.")) from error


def _problems(error: "InvalidInput") -> str:
    """Return a sentence for each problem with the input."""
    from minichat.api.texts import english

    return " ".join(
        f"{field}: {english(found.code, **found.limits)}" for field, issues in error.issues.items() for found in issues
    )


def _as_line(entry: AuditEntry, people: People) -> str:
    from minichat.api.times import rfc3339

    parts = [rfc3339(entry.at), f"{entry.event:<24}", _name(entry.user_id, people) or "-"]
    if entry.device.ip:
        parts.append(f"from {entry.device.ip}")
    if entry.actor_id != entry.user_id:
        parts.append(f"by {_name(entry.actor_id, people) or '-'}")
    if entry.session_id is not None:
        parts.append(f"session={entry.session_id}")
    parts += [f"{key}={value}" for key, value in entry.detail.items()]
    if entry.device.user_agent:
        parts.append(f'"{entry.device.user_agent}"')
    return _printable("  ".join(parts))


def _as_json(entry: AuditEntry, people: People) -> str:
    from minichat.api.times import rfc3339

    shown = {
        "id": entry.id,
        "time": rfc3339(entry.at),
        "event": entry.event,
        "user_id": entry.user_id,
        "user": _name(entry.user_id, people),
        "by_id": entry.actor_id,
        "by": _name(entry.actor_id, people),
        "session_id": entry.session_id,
        "ip": entry.device.ip,
        "user_agent": entry.device.user_agent,
        "detail": entry.detail,
    }
    return json.dumps(shown)  # in ASCII, so that a client's User-Agent can't send control characters to the terminal


def _name(user_id: int | None, people: People) -> str | None:
    return None if user_id is None else people[user_id].username if user_id in people else f"#{user_id}"


def _printable(text: str) -> str:
    """Escape control characters and characters that change the direction of text."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
