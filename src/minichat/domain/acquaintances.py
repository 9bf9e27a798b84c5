"""The people whom a user knows: with `DirectoryMode.SHARED`, those who share a room with the user.

Direct chats are rooms too, so the partner of an old chat stays known. For all other ids a service does the same as for
an id that names nobody: a search omits them, and a look-up raises UserNotFound. Messages still show their authors, and
administrators know everybody. Every service that finds people by their ids or names asks this module.
"""

from collections.abc import Collection
from dataclasses import dataclass

from minichat.domain.model import DirectoryMode
from minichat.domain.ports import MembershipStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintances:
    membership_store: MembershipStore
    mode: DirectoryMode

    @property
    def are_limited(self) -> bool:
        """Whether users may be strangers to each other."""
        return self.mode == DirectoryMode.SHARED

    def circle_of(self, viewer_id: int | None) -> int | None:
        """Return the `known_to` with which `UserStore` lists the people whom the viewer knows.

        It is None if the viewer knows everybody. An administrator is the viewer None.
        """
        return viewer_id if self.are_limited else None

    def include(self, viewer_id: int, user_ids: Collection[int]) -> bool:
        """Return whether the viewer knows all these users. Everybody knows themselves.

        With `DirectoryMode.EVERYONE` this is true for unknown ids as well.
        """
        others = set(user_ids) - {viewer_id}
        if not others or not self.are_limited:
            return True
        return others <= set(self.membership_store.sharing(viewer_id, others))
