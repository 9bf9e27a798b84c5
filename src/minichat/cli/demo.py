"""`minichat demo`: fill an empty database with example data, in bulk or as a story."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from minichat.cli.common import Failed, database_failures, fill_index, load_settings, media_failures, upgrade
from minichat.cli.progress import progress_bar

if TYPE_CHECKING:
    from minichat.config import Settings

NUMBERS = ("users", "rooms", "members", "messages")
"""The options that `--story` excludes."""


@click.command(short_help="Fill an empty database with example data.")
@click.option("--users", type=click.IntRange(min=1), default=50, show_default=True, help="Number of accounts.")
@click.option("--rooms", type=click.IntRange(min=1), default=50, show_default=True, help="Number of rooms.")
@click.option(
    "--members", type=click.IntRange(min=1), default=10, show_default=True, help="Number of users in each room."
)
@click.option(
    "--messages",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="Number of messages, all in one room.",
)
@click.option("--story", is_flag=True, help="Create a small believable chat instead, for a first look.")
@click.pass_context
def demo(context: click.Context, users: int, rooms: int, members: int, messages: int, story: bool) -> None:
    """Fill an empty database with example data: users user1, user2, ... with the password demo-password-1.

    With --story, the data is a team with conversations of the last weeks, and the command prints the accounts to log
    in with.
    """
    if story:
        given = [name for name in NUMBERS if context.get_parameter_source(name) == ParameterSource.COMMANDLINE]
        if given:
            raise click.UsageError(f"--story has its own people and rooms: leave out --{given[0]}.")
        _tell_story(load_settings())
        return
    if members > users:
        raise click.UsageError("--members can't be greater than --users.")
    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.passwords import Argon2Passwords
    from minichat.adapters.peewee.operations import demo as filling
    from minichat.wiring import now

    settings = load_settings()
    database = upgrade(settings)
    with _refusing_filled(settings), progress_bar("Filling") as bar:
        filling.fill(
            database,
            UnicodeCharacters(),
            users=users,
            rooms=rooms,
            members=members,
            messages=messages,
            password_hash=Argon2Passwords().hash("demo-password-1"),
            now=now(),
            progress=bar.update,
        )
    click.echo(f"Created {users} users, {rooms} rooms and {messages} messages.")
    fill_index(database, settings)


def _tell_story(settings: "Settings") -> None:
    """Fill the database with the story, in one transaction; print whom to log in as."""
    from dataclasses import replace

    from minichat import story
    from minichat.adapters.media import FileMedia
    from minichat.adapters.peewee.operations.demo import expect_empty
    from minichat.story.portraits import draw
    from minichat.wiring import clock_of, joined, services_on

    database = upgrade(settings)
    with media_failures(settings):
        FileMedia(settings.pictures_dir).prepare()
    clock = story.StoryClock(clock_of(database)())
    # The limits are for strangers: all these people register from one place, and do not know each other yet.
    unlimited = replace(settings, rate_limits=False, registration="open", directory="everyone")
    services = services_on(database, unlimited, clock=clock, transaction=joined)
    with _refusing_filled(settings), media_failures(settings), database.writing():
        expect_empty(database)
        told = story.tell(services, clock, draw)
        database.dialect.refresh_statistics(database)
    fill_index(database, settings)
    click.echo(f"Created {told.people} people, {told.rooms} rooms and {told.messages} messages. Log in as:")
    width = max(len(main.username) for main in story.MAIN)
    for main in story.MAIN:
        click.echo(f"  {main.username:<{width}}  {main.reason}")
    click.echo(f"The password of everybody is {story.PASSWORD}")


@contextmanager
def _refusing_filled(settings: "Settings") -> Iterator[None]:
    """Raise Failed if the block finds data in the database, or can't use it."""
    from minichat.adapters.peewee.operations.demo import NotEmpty

    try:
        with database_failures(settings):
            yield
    except NotEmpty as error:
        raise Failed("The database is not empty. Use a new one: demo data must not mix with real data.") from error
