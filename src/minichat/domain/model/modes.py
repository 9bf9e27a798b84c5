"""How open a server is: the operator's choices for registration and for the list of people."""

from enum import StrEnum
from typing import NamedTuple


class RegistrationMode(StrEnum):
    """The people who can register an account."""

    OPEN = "open"
    INVITE = "invite"
    """The holders of an invitation to a room."""
    CLOSED = "closed"
    """Nobody: administrators and commands create accounts."""


class DirectoryMode(StrEnum):
    """The people whom a user knows: see `domain.acquaintances`."""

    EVERYONE = "everyone"
    SHARED = "shared"
    """Those who share a room with the user."""


class Modes(NamedTuple):
    registration: RegistrationMode = RegistrationMode.OPEN
    directory: DirectoryMode = DirectoryMode.EVERYONE
