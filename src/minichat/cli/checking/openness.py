"""How open the chat is: who can register, and whom people find. The operator may intend each value."""

from collections.abc import Iterator

from minichat.cli.checking.findings import Finding, ok
from minichat.config import Settings

_REGISTRATION = {
    "open": "Everybody can register.",
    "invite": "People need an invitation to a room to register.",
    "closed": "Only administrators create accounts.",
}
_DIRECTORY = {
    "everyone": "People find everybody.",
    "shared": "People find those with whom they share a room.",
}


def registration(settings: Settings) -> Iterator[Finding]:
    yield ok(
        "registration", f"{_REGISTRATION[settings.registration]} MINICHAT_REGISTRATION is {settings.registration}."
    )


def directory(settings: Settings) -> Iterator[Finding]:
    yield ok("directory", f"{_DIRECTORY[settings.directory]} MINICHAT_DIRECTORY is {settings.directory}.")
