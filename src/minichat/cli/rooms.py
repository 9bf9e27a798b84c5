"""`minichat rooms`: groups, as the administration shows them, without a message. Direct chats are not among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from minichat.cli.choices import ID
from minichat.cli.common import Failed, Text, expect_confirmation, load_settings, services_of
from minichat.cli.lists import all_pages
from minichat.cli.output import json_option, moment, print_json, print_text
from minichat.cli.users.common import name_argument, problems, services_for

if TYPE_CHECKING:
    from minichat.domain.model import Membership, People, Room
    from minichat.domain.services import Services


@click.group()
def rooms() -> None:
    """Administer groups. ID is the number of a group; direct chats and messages are never shown."""


@rooms.command("list", short_help="List groups.")
@click.option("--query", type=Text(), default="", metavar="TEXT", help="Only groups with this in their name.")
@json_option
def list_(query: str, as_json: bool) -> None:
    """List the groups, the newest first: id, created, members, whether private, and name."""
    from minichat.domain.errors import InvalidInput

    with services_of(load_settings()) as services:
        try:
            for page in all_pages(lambda window: services.room_administration.page(window, query), lambda page: page):
                for room in page.items:
                    if as_json:
                        print_json(_as_json(room))
                    else:
                        print_text(_as_line(room))
        except InvalidInput as error:
            raise Failed(problems(error)) from error


@rooms.command(short_help="Show a group with its participants.")
@click.argument("room_id", metavar="ID", type=ID)
@json_option
def show(room_id: int, as_json: bool) -> None:
    """Show a group with its participants, in the order of joining."""
    with _services_for(room_id) as services:
        room = services.room_administration.get(room_id)
        participants = list(_participants(services, room_id))
    if as_json:
        print_json({**_as_json(room), "participants": participants})
        return
    for field, value in _as_json(room).items():
        print_text(f"{field.replace('_', ' '):<15} {value}")
    for one in participants:
        print_text(f"{one['role']:<15} {one['username']}")


@rooms.command("hand-over", short_help="Make a participant the owner.")
@click.argument("room_id", metavar="ID", type=ID)
@name_argument
def hand_over(room_id: int, name: str) -> None:
    """Make a participant the owner of a group. The former owner becomes a moderator."""
    from minichat.domain.errors import HeirDisabled, ParticipantNotFound

    with services_for(name) as services, _expecting_room(room_id):
        user = services.administration.find(name)
        try:
            services.room_administration.hand_over(room_id, user.id, by=None)
        except ParticipantNotFound as error:
            raise Failed(f"{user.username} is not in the group {room_id}.") from error
        except HeirDisabled as error:
            raise Failed(f"The account of {user.username} is disabled. Enable it first, or choose another.") from error
    click.echo(f"{user.username} owns the group {room_id}.")


@rooms.command(short_help="Delete a group.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.argument("room_id", metavar="ID", type=ID)
def delete(room_id: int, yes: bool) -> None:
    """Delete a group with its messages for ever."""
    with _services_for(room_id) as services:
        room = services.room_administration.get(room_id)
        if not yes:
            expect_confirmation(
                f"Delete the group {room.name} with its {room.participants_count} participants for ever?"
            )
        services.room_administration.delete(room_id, by=None)
    print_text(f"The group {room.name} is deleted.")


@contextmanager
def _services_for(room_id: int) -> Iterator["Services"]:
    """Yield the services. Raises Failed if the block finds no such group."""
    with services_of(load_settings()) as services, _expecting_room(room_id):
        yield services


@contextmanager
def _expecting_room(room_id: int) -> Iterator[None]:
    """Raise Failed if the block finds no such group."""
    from minichat.domain.errors import RoomNotFound

    try:
        yield
    except RoomNotFound as error:
        raise Failed(f"There is no group {room_id}.") from error


def _participants(services: "Services", room_id: int) -> Iterator[dict[str, Any]]:
    administration = services.room_administration
    for found in all_pages(lambda window: administration.participants(room_id, window), lambda found: found.page):
        for membership in found.page.items:
            yield _participant(membership, found.people)


def _participant(membership: "Membership", people: "People") -> dict[str, Any]:
    return {"id": membership.user_id, "username": people[membership.user_id].username, "role": membership.role}


def _as_line(room: "Room") -> str:
    kind = "private" if room.is_private else "public"
    return f"{room.id:>6}  {moment(room.created_at)}  {room.participants_count:>6}  {kind:<7}  {room.name}"


def _as_json(room: "Room") -> dict[str, Any]:
    return {
        "id": room.id,
        "name": room.name,
        "description": room.description,
        "is_private": room.is_private,
        "created_at": moment(room.created_at),
        "participants_count": room.participants_count,
        "write": room.write,
        "cooldown": room.cooldown,
        "history": room.history,
    }
