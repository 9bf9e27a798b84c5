"""Read variables named MINICHAT_… by environs, from the process's environment and one `.env` file.

Each variable has a parser: a function that returns the value of a text, or raises ValidationError. The message of the
error follows the variable's name in a sentence ("MINICHAT_X must be …"). This module knows no setting by name.
"""

import os
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, cast

from dotenv import dotenv_values, load_dotenv

from minichat.lean_imports import deferred_patterns

with deferred_patterns():  # one of marshmallow's, for addresses of e-mail, takes 25 ms, and no setting needs it
    from environs import Env, EnvValidationError, ValidationError

__all__ = ["PREFIX", "Environment", "SettingsError", "ValidationError"]

PREFIX = "MINICHAT_"


class SettingsError(Exception):
    """The settings are wrong. The text has one line for each problem, with the name of the variable."""


class Environment:
    """The MINICHAT_ variables. The process's environment overrides the `.env` file."""

    def __init__(self, env_file: Path) -> None:
        """Read `env_file` if it exists. Raises SettingsError."""
        self._env = Env(eager=False, prefix=PREFIX)
        self._env.add_parser("parsed", _parsed)
        text = _text(env_file)
        in_file = dotenv_values(stream=StringIO(text))
        load_dotenv(stream=StringIO(text))
        named = {name for name, value in in_file.items() if value is not None} | set(os.environ)
        self.names = sorted(name for name in named if name.startswith(PREFIX))
        """The variables that are set, known or not."""

    def read(self, name: str, default: str | None, parse: Callable[[str], Any], *, can_be_empty: bool = False) -> Any:
        """Return the parsed value, or None if it is wrong or neither set nor given a default.

        An empty variable counts as unset, unless it `can_be_empty`.
        """
        return self._env.parsed(name, default, parse=parse, default_text=default, can_be_empty=can_be_empty)

    def problems(self) -> list[str]:
        """Return a sentence for each wrong variable that was read. Do not call `read` afterwards."""
        try:
            self._env.seal()
        except EnvValidationError as error:
            by_name = cast("Mapping[str, list[str]]", error.error_messages)
            return [f"{name} {message}" for name, found in by_name.items() for message in found]
        return []


def _text(env_file: Path) -> str:
    """Return the file's text, or none if there is no file. Raises SettingsError.

    Read it once: a password manager may provide it as a named pipe, and ask its user at each reading.
    """
    try:
        text = env_file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:  # ValueError: it is not UTF-8
        raise SettingsError(f"{env_file} can't be read: {error}.") from error
    if "\0" in text:  # which no variable of a process can contain
        raise SettingsError(f"{env_file} can't be read: it contains a null character.")
    return text


def _parsed(text: str | None, *, parse: Callable[[str], Any], default_text: str | None, can_be_empty: bool) -> Any:
    if text is not None and not text.strip() and not can_be_empty:
        text = default_text
    return None if text is None else parse(text.strip())
