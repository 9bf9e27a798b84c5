"""People as administrators list them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.accounts import User
from minichat.domain.model.rooms import Membership, Room
from minichat.domain.paging import Key


class PeopleState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    SUPERUSER = "superuser"
    """Enabled or not."""

    def holds(self, user: User) -> bool:
        """Return whether the user, who is not erased, has this state."""
        if self is PeopleState.SUPERUSER:
            return user.is_superuser
        return user.is_active == (self is PeopleState.ACTIVE)


class PeopleOrder(StrEnum):
    NAME = "name"
    NEWEST = "newest"
    """The latest registration first."""
    OLDEST = "oldest"


class PeopleFilter(NamedTuple):
    """The people to list, without erased accounts."""

    state: PeopleState | None = None
    order: PeopleOrder = PeopleOrder.NAME

    def key(self, user: User) -> Key:
        """Return the key of a user in this list."""
        return (user.username_key,) if self.order == PeopleOrder.NAME else (user.id,)


class FoundPeople(NamedTuple):
    """The results of a search for people, the best first."""

    users: Sequence[User]
    is_complete: bool
    """Whether nobody else matches."""


class GroupMembership(NamedTuple):
    """A group with the membership of one of its participants."""

    room: Room
    membership: Membership
