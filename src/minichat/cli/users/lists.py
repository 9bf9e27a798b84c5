"""Commands that show accounts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from minichat.cli.common import Failed, Text, load_settings, services_of
from minichat.cli.output import json_option, moment, print_json, print_text
from minichat.cli.users.common import name_argument, problems, services_for

if TYPE_CHECKING:
    from minichat.domain.model import Session, User
    from minichat.domain.services import Services

PAGE = 200


@click.command("list")
@click.option("--query", type=Text(), metavar="TEXT", help="List the best matches for a part of a name, at most 200.")
@json_option
def list_(query: str | None, as_json: bool) -> None:
    """List the accounts by name: state, joined, last seen, id and name."""
    with services_of(load_settings()) as services:
        for user in _all(services) if query is None else _found(services, query):
            if as_json:
                print_json(_as_json(user))
            else:
                print_text(_as_line(user))


@click.command()
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show an account with its live sessions."""
    from minichat.domain.paging import Window

    with services_for(name) as services:
        user = services.administration.find(name)
        sessions = list(services.sessions.live(user.id, Window(PAGE)).items)
    if as_json:
        print_json({**_as_json(user), "sessions": [_session(one) for one in sessions]})
        return
    for field, value in _as_json(user).items():
        shown = {True: "yes", False: "no", None: "-", "": "-"}.get(value, value)
        print_text(f"{field.replace('_', ' '):<15} {shown}")
    for session in sessions:
        used, device = moment(session.last_used_at), session.user_agent
        print_text(f"{'session':<15} {session.id}  last used {used}  {session.ip or '-'}  {device}")


def _all(services: "Services") -> Iterator["User"]:
    from minichat.domain.paging import Window

    page = services.directory.page(None, Window(PAGE))
    while page.next is not None:
        yield from page.items
        page = services.directory.page(None, Window(PAGE, after=page.next))
    yield from page.items


def _found(services: "Services", query: str) -> Iterator["User"]:
    from minichat.domain.errors import InvalidInput

    try:
        yield from services.directory.search(None, query, limit=PAGE)
    except InvalidInput as error:
        raise Failed(problems(error)) from error


def _as_line(user: "User") -> str:
    state = "disabled" if not user.is_active else "superuser" if user.is_superuser else "active"
    seen = moment(user.last_seen_at) or "never seen".ljust(24)
    return f"{state:<9}  {moment(user.joined_at)}  {seen}  {user.id:>6}  {user.username}"


def _as_json(user: "User") -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "joined_at": moment(user.joined_at),
        "last_seen": moment(user.last_seen_at),
    }


def _session(session: "Session") -> dict[str, Any]:
    return {
        "id": session.id,
        "created_at": moment(session.created_at),
        "last_used_at": moment(session.last_used_at),
        "expires_at": moment(session.expires_at),
        "ip": session.ip,
        "user_agent": session.user_agent,
    }


COMMANDS = (list_, show)
