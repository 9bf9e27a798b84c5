"""Profiles, the list of users, the list of online users, and search. This module knows no room."""

from collections.abc import Iterable
from dataclasses import dataclass

from minichat.domain.accounts import check_avatar_url, check_email, check_names
from minichat.domain.avatars import discard_picture
from minichat.domain.errors import SessionEnded, UserNotFound
from minichat.domain.model import PRESENCE_LEASE, People, User
from minichat.domain.paging import Page, Window, cut
from minichat.domain.ports import Clock, EmailAddress, MediaStore, Transaction, UserStore
from minichat.domain.text import Fields, fold

MAX_QUERY_LENGTH = 100
MAX_SEARCHED_LENGTH = 128
"""Number of code points that a search compares, of a folded query and of a name from the match on."""
MAX_SEARCHABLE_LENGTH = 310
"""Number of searchable code points of a folded name: two names of 150. One letter can fold into eighteen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    transaction: Transaction
    clock: Clock
    email_address: EmailAddress
    user_store: UserStore
    media_store: MediaStore

    def get(self, user_id: int) -> User:
        """Return a user, disabled or not. Raises UserNotFound, also for an erased account."""
        user = self.user_store.get(user_id)
        if user is None or user.is_erased:
            raise UserNotFound
        return user

    def edit_profile(
        self,
        user_id: int,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        avatar: str | None = None,
    ) -> User:
        """Change the given fields of a profile; None keeps a field. Raises InvalidInput or SessionEnded."""
        with self.transaction(account=user_id):
            user = self.user_store.get(user_id)
            if user is None or user.is_erased:
                raise SessionEnded
            fields = Fields()
            first_name, last_name = check_names(
                fields,
                first_name=user.first_name if first_name is None else first_name,
                last_name=user.last_name if last_name is None else last_name,
            )
            address = user.email
            if email is not None and email != address:  # an address from an earlier version may be sent back unchanged
                address = check_email(fields, email, self.email_address)
            avatar_url = user.avatar_url if avatar is None else check_avatar_url(fields, avatar)
            fields.check()
            edited = user._replace(first_name=first_name, last_name=last_name, email=address, avatar_url=avatar_url)
            if edited != user:
                self.user_store.update_profile(edited)
        if edited.avatar_url != user.avatar_url:
            discard_picture(self.media_store, user.avatar_url)
        return edited

    def by_ids(self, user_ids: Iterable[int]) -> People:
        """Return the users of these ids, without unknown ids."""
        return self.user_store.by_ids(user_ids)

    def page(self, window: Window) -> Page[User]:
        """Return all users by name."""
        return cut(self.user_store.page(window), window, _key)

    def online(self, window: Window) -> Page[User]:
        """Return the online users by name."""
        since = self.clock() - PRESENCE_LEASE
        return cut(self.user_store.online_page(since, window), window, _key)

    def search(self, viewer_id: int, query: str, limit: int) -> tuple[User, ...]:
        """Return users with `query` in a name, best first (see `UserStore.search`). Raises InvalidInput."""
        fields = Fields()
        cleaned = fields.line("q", query, least=1, most=MAX_QUERY_LENGTH)
        fields.check()
        return tuple(self.user_store.search(fold(cleaned)[:MAX_SEARCHED_LENGTH], limit, viewer_id))


def _key(user: User) -> tuple[str]:
    return (user.username_key,)


def searchable_names(user: User) -> tuple[str, ...]:
    """Return the folded names that a search examines: the username, the first, the last and the full name."""
    names = (user.username, user.first_name, user.last_name, user.full_name)
    return tuple(dict.fromkeys(fold(name)[:MAX_SEARCHABLE_LENGTH] for name in names if name))
