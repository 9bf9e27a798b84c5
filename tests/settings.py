"""Settings for tests, from the variables of the test instead of the developer's environment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from minichat.config import Settings


@contextmanager
def only_variables(given: Mapping[str, str]) -> Iterator[None]:
    """Let the process's environment hold these MINICHAT_ variables and no others."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("MINICHAT_")]:
            environment.delenv(name)
        for name, value in given.items():
            environment.setenv(name, value)
        yield


def settings_from(given: Mapping[str, str], *, root: Path) -> Settings:
    """Return the settings of an environment with these variables, and of `root`/.env."""
    with only_variables(given):
        return Settings.load(root=root)
