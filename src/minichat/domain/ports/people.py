"""People and their rooms, as administrators list them."""

from collections.abc import Sequence
from typing import Protocol

from minichat.domain.model import FoundPeople, GroupMembership, NameQuery, PeopleFilter, PeopleState, User
from minichat.domain.paging import Window


class PeopleStore(Protocol):
    def page(self, people: PeopleFilter, window: Window) -> Sequence[User]:
        """Return the people of the filter in its order, one more than the limit if there are more.

        The key is `PeopleFilter.key`.
        """

    def search(self, query: NameQuery, state: PeopleState | None, limit: int) -> FoundPeople:
        """Return up to `limit` people in that state, or in any, in the order of `UserStore.search`.

        A search in a state looks at the first 500 people whom the query finds.
        """

    def groups_of(self, user_id: int, window: Window) -> Sequence[GroupMembership]:
        """Return the groups that the user is in, the newest first, one more than the limit if there are more.

        The key is `(room id,)`.
        """

    def direct_chats(self, user_id: int, most: int) -> int:
        """Return the number of direct chats of the user, at most `most`."""
