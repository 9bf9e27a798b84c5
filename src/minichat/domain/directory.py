"""Profiles, the list of users, the list of online users, and search.

Users find the people whom they know: see `acquaintances`. An administrator is the viewer None, who knows everybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from minichat.domain.accounts import check_avatar_url, check_email, check_name
from minichat.domain.acquaintances import Acquaintances
from minichat.domain.avatars import discard_picture
from minichat.domain.errors import InvalidInput, SessionEnded, UserNotFound
from minichat.domain.model import PRESENCE_LEASE, Credentials, People, User
from minichat.domain.outbox import Outbox
from minichat.domain.paging import Page, Window, cut
from minichat.domain.ports import Characters, Clock, EmailAddress, MediaStore, Transaction, UserStore
from minichat.domain.search import name_query
from minichat.domain.text import Fields
from minichat.domain.verification import Verification

MAX_QUERY_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    transaction: Transaction
    clock: Clock
    characters: Characters
    email_address: EmailAddress
    user_store: UserStore
    media_store: MediaStore
    acquaintances: Acquaintances
    verification: Verification
    outbox: Outbox

    def get(self, viewer_id: int | None, user_id: int) -> User:
        """Return a user, disabled or not. Raises UserNotFound, also for an erased account or a stranger."""
        user = self.user_store.get(user_id)
        is_known = viewer_id is None or self.acquaintances.include(viewer_id, [user_id])
        if user is None or user.is_erased or not is_known:
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
        proof: Credentials | None = None,
        language: str = "en",
    ) -> User:
        """Change the given fields of a profile; None keeps a field. Raises InvalidInput or SessionEnded.

        Where a mail server is configured, another `email` needs `proof`, the result of `Sessions.verify_password`. The
        new address gets a mail in `language`, to verify it, and a verified earlier one is notified.
        """
        with self.transaction(account=user_id):
            found = self.user_store.credentials_by_id(user_id)
            if found is None or found.user.is_erased:
                raise SessionEnded
            user = found.user
            edited = self._edited(user, first_name, last_name, email, avatar)
            if edited.email != user.email:
                if self.outbox.is_open and (proof is None or proof.password_hash != found.password_hash):
                    raise InvalidInput.of("password", "password_needed")
                edited = edited._replace(email_verified_at=None)
                self.verification.address_changed(user, edited, language)
            if edited != user:
                self.user_store.update_profile(edited)
        self.outbox.queued()
        if edited.avatar_url != user.avatar_url:
            discard_picture(self.media_store, user.avatar_url)
        return edited

    def check_profile(
        self,
        user: User,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        avatar: str | None = None,
    ) -> None:
        """Raise InvalidInput if a given field breaks a rule of `edit_profile`. Read and change nothing."""
        self._edited(user, first_name, last_name, email, avatar)

    def _edited(
        self, user: User, first_name: str | None, last_name: str | None, email: str | None, avatar: str | None
    ) -> User:
        """Return the user with the given fields. Raises InvalidInput."""
        fields = Fields()
        # Values from an earlier version, which had fewer rules, may be sent back unchanged.
        edited = user
        if first_name is not None and first_name != user.first_name:
            edited = edited._replace(first_name=check_name(fields, "first_name", first_name, self.characters))
        if last_name is not None and last_name != user.last_name:
            edited = edited._replace(last_name=check_name(fields, "last_name", last_name, self.characters))
        if email is not None and email != user.email:
            edited = edited._replace(email=check_email(fields, email, self.email_address))
        if avatar is not None and avatar != user.avatar_url:
            edited = edited._replace(avatar_url=check_avatar_url(fields, avatar))
        fields.check()
        return edited

    def by_ids(self, user_ids: Iterable[int]) -> People:
        """Return the users of these ids, without unknown ids."""
        return self.user_store.by_ids(user_ids)

    def page(self, viewer_id: int | None, window: Window) -> Page[User]:
        """Return the users whom the viewer knows, by name."""
        circle = self.acquaintances.circle_of(viewer_id)
        return cut(self.user_store.page(window, known_to=circle), window, _key)

    def online(self, viewer_id: int | None, window: Window) -> Page[User]:
        """Return those of `page` who are online."""
        now, circle = self.clock(), self.acquaintances.circle_of(viewer_id)
        found = self.user_store.online_page(now - PRESENCE_LEASE, now + PRESENCE_LEASE, window, known_to=circle)
        return cut(found, window, _key)

    def search(self, viewer_id: int | None, query: str, limit: int) -> tuple[User, ...]:
        """Return users with all words of `query` in their names, best first (see `UserStore.search`).

        The viewer is not among them. A query without words, such as a lone `@`, finds nobody. Raises InvalidInput.
        """
        sought = name_query(checked_query(query), self.characters)
        if not sought.words:
            return ()
        circle = self.acquaintances.circle_of(viewer_id)
        return tuple(self.user_store.search(sought, limit, viewer_id or 0, known_to=circle))


def checked_query(query: str) -> str:
    """Return a search query without surrounding white space. Raises InvalidInput."""
    fields = Fields()
    cleaned = fields.line("q", query, most=MAX_QUERY_LENGTH)
    if not query:
        fields.wrong("q", "blank")
    fields.check()
    return cleaned


def _key(user: User) -> tuple[str]:
    return (user.username_key,)
