"""Commands for accounts and for what happened to them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from minichat.cli.common import Failed, load_settings, read_password, services_of, upgrade
from minichat.domain.model import AuditEntry, AuditEvent, People, User

if TYPE_CHECKING:
    from minichat.domain.administration import Administration
    from minichat.domain.errors import InvalidInput


@click.command()
@click.option("--username", required=True, help="The name to log in with.")
@click.option("--email", default="", help="Where to reach the person.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def createsuperuser(username: str, email: str, password_stdin: bool) -> None:
    """Make an account that may use the administration."""
    settings = load_settings()
    password = read_password(password_stdin)
    upgrade(settings)
    from minichat.domain.errors import InvalidInput, UsernameTaken

    try:
        with services_of(settings) as services:
            user = services.registration.create_superuser(username, password, email)
    except UsernameTaken as error:
        raise Failed(f"The name {username} is taken.") from error
    except InvalidInput as error:
        raise Failed(f"No account was made. {_wrong(error)}") from error
    click.echo(f"Made the superuser {user.username}.")


@click.group()
def users() -> None:
    """Look after accounts."""


@users.command("list")
@click.option("--query", metavar="TEXT", help="Only the best matches of this part of a name, at most 200.")
def users_list(query: str | None) -> None:
    """List the accounts by name: what they may do, when they joined and were last seen, id and name."""
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
                found = services.directory.search(0, query, limit=200)
            except InvalidInput as error:
                raise Failed(_wrong(error)) from error
            for user in found:
                click.echo(line(user))
            return
        page = services.directory.page(Window(200))
        while True:
            for user in page.items:
                click.echo(line(user))
            if page.next is None:
                return
            page = services.directory.page(Window(200, after=page.next))


@users.command("disable")
@click.argument("name")
def users_disable(name: str) -> None:
    """Let a user in no more: every session ends at once."""
    with _administration(name) as administration:
        user, is_new = administration.disable(name)
    click.echo(f"{user.username} is disabled." if is_new else f"{user.username} was disabled already.")


@users.command("enable")
@click.argument("name")
def users_enable(name: str) -> None:
    """Let a disabled user log in again."""
    with _administration(name) as administration:
        user, is_new = administration.enable(name)
    click.echo(f"{user.username} is enabled." if is_new else f"{user.username} was enabled already.")


@users.command("logout")
@click.argument("name")
def users_logout(name: str) -> None:
    """End all sessions of a user."""
    with _administration(name) as administration:
        user, ended = administration.log_out(name)
    click.echo(f"{user.username} is logged out; sessions ended: {ended}.")


@users.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def users_password(name: str, password_stdin: bool) -> None:
    """Give a user a new password: all sessions end."""
    from minichat.domain.errors import InvalidInput

    try:
        with _administration(name) as administration:
            user = administration.set_password(name, read_password(password_stdin))
    except InvalidInput as error:
        raise Failed(f"The password was not changed. {_wrong(error)}") from error
    click.echo(f"{user.username} has a new password and is logged out everywhere.")


@click.command()
@click.option("--user", "name", metavar="NAME", help="Only what is about this account.")
@click.option("--event", type=click.Choice([event.value for event in AuditEvent]), help="Only this kind of event.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def audit(name: str | None, event: str | None, limit: int, as_json: bool) -> None:
    """Print the newest entries of the audit log, the newest last."""
    with _administration(name or "") as administration:
        record = administration.record(limit, username=name, event=AuditEvent(event) if event else None)
    for entry in record.entries:
        click.echo(_as_json(entry, record.people) if as_json else _as_line(entry, record.people))


@contextmanager
def _administration(name: str) -> Iterator["Administration"]:
    """What looks after accounts; one that is not there is told in a sentence."""
    from minichat.domain.errors import UserNotFound

    with services_of(load_settings()) as services:
        try:
            yield services.administration
        except UserNotFound as error:
            raise Failed(_printable(f"There is no account {name}.")) from error


def _wrong(error: "InvalidInput") -> str:
    """What is wrong with the input, a sentence for each issue."""
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
    return json.dumps(shown)  # in ASCII, so what clients say of themselves gives a terminal no orders


def _name(user_id: int | None, people: People) -> str | None:
    return None if user_id is None else people[user_id].username if user_id in people else f"#{user_id}"


def _printable(text: str) -> str:
    """The text with everything escaped that a terminal would obey or show in another order."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
