"""People as administrators see them: lists, search, and the page of one person.

The groups of a person are named, direct chats are only counted. No method shows a message or the text of a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.account_lookup import existing_user, holder_of
from minichat.domain.directory import checked_query
from minichat.domain.model import (
    AuditEntry,
    FoundPeople,
    GroupMembership,
    People,
    PeopleFilter,
    PeopleState,
    ReportHead,
    Session,
    User,
)
from minichat.domain.paging import Key, Page, Window, cut
from minichat.domain.ports import (
    AuditStore,
    Characters,
    Clock,
    EmailAddress,
    PeopleStore,
    ReportStore,
    SessionStore,
    UserStore,
)
from minichat.domain.search import name_query

MAX_FOUND = 100
"""Maximum number of people that a search finds."""
MAX_COUNTED = 1_000
"""Direct chats are counted up to this number, so that the page of a person costs the same for everybody."""
PART = 10
"""Number of lines of each part on the page of a person."""


class PersonCard(NamedTuple):
    """A person with the newest lines of each list about them."""

    user: User
    groups: Page[GroupMembership]
    direct_chats: int
    """At most `MAX_COUNTED`."""
    sessions: Page[Session]
    reports_about: Page[ReportHead]
    reports_by: Page[ReportHead]
    audit: Sequence[AuditEntry]
    people: People
    """The people whom the lines mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLists:
    clock: Clock
    characters: Characters
    email_address: EmailAddress
    user_store: UserStore
    people_store: PeopleStore
    session_store: SessionStore
    report_store: ReportStore
    audit_store: AuditStore

    def page(self, people: PeopleFilter, window: Window) -> Page[User]:
        """Return the people of the filter."""
        return cut(self.people_store.page(people, window), window, people.key)

    def search(self, query: str, state: PeopleState | None = None) -> FoundPeople:
        """Return up to `MAX_FOUND` people by a part of a name, the best first, or by a verified e-mail address.

        An address is complete; upper and lower case don't matter. Raises InvalidInput on `q`.
        """
        query = checked_query(query)
        if "@" in query[1:]:
            holder = holder_of(self.user_store, self.email_address, query)
            is_shown = holder is not None and (state is None or state.holds(holder))
            return FoundPeople([holder] if holder is not None and is_shown else [], is_complete=True)
        sought = name_query(query, self.characters)
        return self.people_store.search(sought, state, MAX_FOUND) if sought.words else FoundPeople([], True)

    def card(self, user_id: int) -> PersonCard:
        """Return the data for the page of a person. Raises UserNotFound, also for an erased account."""
        user = self.get(user_id)
        some = Window(PART)
        about = cut(self.report_store.page_about(user_id, some), some, _key)
        by = cut(self.report_store.page_by(user_id, some), some, _key)
        audit = self.audit_store.page(PART, user_id=user_id)
        mentioned = {id_ for entry in audit for id_ in (entry.actor_id,) if id_ is not None}
        mentioned |= {id_ for head in (*about.items, *by.items) for id_ in (head.author_id, head.reporter_id) if id_}
        return PersonCard(
            user,
            self.groups(user_id, some),
            self.people_store.direct_chats(user_id, MAX_COUNTED),
            self.sessions(user_id, some),
            about,
            by,
            audit,
            self.user_store.by_ids(mentioned),
        )

    def get(self, user_id: int) -> User:
        """Return a user. Raises UserNotFound, also for an erased account."""
        return existing_user(self.user_store, user_id)

    def groups(self, user_id: int, window: Window) -> Page[GroupMembership]:
        """Return the groups that the user is in, the newest first."""
        return cut(self.people_store.groups_of(user_id, window), window, lambda one: (one.room.id,))

    def sessions(self, user_id: int, window: Window) -> Page[Session]:
        """Return the live sessions of the user, the newest first."""
        return cut(self.session_store.live_page(user_id, self.clock(), window), window, lambda session: (session.id,))


def _key(head: ReportHead) -> Key:
    return (head.created_at, head.id)
