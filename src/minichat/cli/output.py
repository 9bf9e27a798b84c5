"""The output of commands: lines for people, or with `--json` one JSON object per line.

A list of a million accounts goes through a pipe in constant memory that way, and `jq` and `grep` read it line by line.
Both forms are safe on a terminal: names and a client's User-Agent can't send it control characters.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Give the command the option `--json`, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")(command)


def print_json(shown: Mapping[str, Any]) -> None:
    """Print an object on a line, in ASCII."""
    click.echo(json.dumps(shown))


def print_text(text: str) -> None:
    """Print a line for people."""
    click.echo(printable(text))


def printable(text: str) -> str:
    """Escape control characters and characters that change the direction of text."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def moment(time: int | None) -> str | None:
    """Return the time in RFC 3339, UTC; None for no time."""
    from minichat.api.times import rfc3339

    return None if time is None else rfc3339(time)
