"""Shared parts of the commands for people: the argument, the services, and refusals as sentences."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from minichat.cli.common import Failed, Text, load_settings, services_of
from minichat.cli.output import printable

if TYPE_CHECKING:
    from minichat.config import Settings
    from minichat.domain.errors import InvalidInput
    from minichat.domain.services import Services

Command = TypeVar("Command", bound=Callable[..., Any])


def name_argument(command: Command) -> Command:
    """Give the command the argument NAME."""
    return click.argument("name", type=Text())(command)


def password_option(command: Command) -> Command:
    """Give the command the option `--password-stdin`."""
    description = "Read the password from standard input instead of prompting."
    return click.option("--password-stdin", is_flag=True, help=description)(command)


def language_option(command: Command) -> Command:
    """Give the command the option `--language`."""
    description = "Language of the mails that this sends."
    return click.option(
        "--language", type=click.Choice(["en", "ru"]), default="en", show_default=True, help=description
    )(command)


@contextmanager
def services_for(name: str, settings: "Settings | None" = None) -> Iterator["Services"]:
    """Yield the services. Raises Failed if the block finds no account of that name, or breaks a rule."""
    from minichat.api.texts import english
    from minichat.domain.errors import InvalidInput, LastSuperuser, UserNotFound

    with services_of(settings or load_settings()) as services:
        try:
            yield services
        except UserNotFound as error:
            raise Failed(printable(f"There is no account named {name}.")) from error
        except LastSuperuser as error:
            raise Failed(english(error.code)) from error
        except InvalidInput as error:
            raise Failed(f"Nothing was changed. {problems(error)}") from error


def problems(error: "InvalidInput") -> str:
    """Return a sentence for each problem with the input."""
    from minichat.api.texts import english

    return " ".join(
        f"{field}: {english(found.code, **found.limits)}" for field, issues in error.issues.items() for found in issues
    )
