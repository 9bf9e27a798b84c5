"""Commands that show accounts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from minichat.cli.choices import LateChoice
from minichat.cli.common import Failed, Text, load_settings, services_of
from minichat.cli.lists import all_pages
from minichat.cli.output import json_option, moment, print_json, print_text
from minichat.cli.users.common import name_argument, problems, services_for

if TYPE_CHECKING:
    from minichat.domain.model import GroupMembership, PeopleState, Session, User
    from minichat.domain.services import Services


def _states() -> list[str]:
    from minichat.domain.model import PeopleState

    return [state.value for state in PeopleState]


@click.command("list", short_help="List accounts.")
@click.option("--query", type=Text(), metavar="TEXT", help="List the best matches for a part of a name, at most 200.")
@click.option("--state", type=LateChoice(_states), metavar="STATE", help="Only accounts in this state.")
@json_option
def list_(query: str | None, state: str | None, as_json: bool) -> None:
    """List the accounts by name: state, joined, last seen, id and name. STATE is active, disabled or superuser.

    A complete e-mail address as TEXT finds the account that has verified it.
    """
    from minichat.domain.model import PeopleState

    sought = None if state is None else PeopleState(state)
    with services_of(load_settings()) as services:
        for user in _all(services, sought) if query is None else _found(services, query, sought):
            if as_json:
                print_json(_as_json(user))
            else:
                print_text(_as_line(user))


@click.command(short_help="Show an account.")
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show an account with its newest groups, live sessions and reports, ten of each. Direct chats are only counted."""
    with services_for(name) as services:
        card = services.people_lists.card(services.administration.find(name).id)
    shown = {
        **_as_json(card.user),
        "direct_chats": card.direct_chats,
        "groups": [_group(one) for one in card.groups.items],
        "sessions": [_session(one) for one in card.sessions.items],
        "reports_about": [head.id for head in card.reports_about.items],
        "reports_by": [head.id for head in card.reports_by.items],
    }
    if as_json:
        print_json(shown)
        return
    for field, value in shown.items():
        label = field.replace("_", " ")
        if isinstance(value, list):
            for one in value:
                print_text(f"{label:<15} {_in_words(one)}")
        else:
            print_text(f"{label:<15} {_word(value)}")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)


def _in_words(one: dict[str, Any] | int) -> str:
    if isinstance(one, int):
        return str(one)
    return "  ".join(f"{field.replace('_', ' ')} {value}" for field, value in one.items() if value)


def _all(services: "Services", state: "PeopleState | None") -> Iterator["User"]:
    from minichat.domain.model import PeopleFilter

    people = PeopleFilter(state)
    for page in all_pages(lambda window: services.people_lists.page(people, window), lambda page: page):
        yield from page.items


def _found(services: "Services", query: str, state: "PeopleState | None") -> Iterator["User"]:
    from minichat.domain.errors import InvalidInput

    try:
        found = services.people_lists.search(query, state)
    except InvalidInput as error:
        raise Failed(problems(error)) from error
    yield from found.users
    if not found.is_complete:
        click.echo("There may be more matches. Search for a longer part of the name.", err=True)


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


def _group(one: "GroupMembership") -> dict[str, Any]:
    return {"id": one.room.id, "name": one.room.name, "role": one.membership.role}


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
