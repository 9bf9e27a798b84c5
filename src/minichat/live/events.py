"""The protocols of an event and of its writer.

This package does not know the form of an event: the API writes events as JSON and passes its writer to the hub.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from minichat.domain.model import LoggedChange, TypingNotice, User


class Event(Protocol):
    @property
    def is_stored(self) -> bool:
        """Whether the change log holds the event, so that a client can read it later."""


EventT = TypeVar("EventT", bound=Event)
EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)
EventT_contra = TypeVar("EventT_contra", bound=Event, contravariant=True)


class Addressed(NamedTuple):
    """A change, and the users who receive its event if they may see it."""

    logged: LoggedChange
    user_ids: Collection[int]


class EventWriter(Protocol[EventT_co]):
    """Writes events. Every method raises Unavailable if the database does not answer."""

    def write(self, batch: Sequence[Addressed], base_url: str) -> Sequence[Mapping[int, EventT_co]]:
        """Return the events of each change by user id, without the users who may not see it.

        URLs in them begin with `base_url`. The number of look-ups does not depend on the number of messages.
        """

    def resync(self) -> EventT_co:
        """Return the event that asks a client to load everything again."""

    def typing(self, notice: TypingNotice) -> EventT_co:
        """Return the event of a user who is typing."""

    def presence(self, user: User) -> EventT_co:
        """Return the event of a user who has come online or gone offline."""
