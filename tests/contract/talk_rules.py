"""The random actions with marks, blocks, reports, search, typing, live updates and superusers, for the state machine.

`test_memory_matches_sqlite` has the machine and all other actions.
"""

from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import initialize, precondition, rule

from builders import PASSWORD
from minichat.domain.message_search import MessageFilter
from minichat.domain.model import Mute, NotifyLevel, ReportReason, ReportState

users = st.integers(1, 5)
limits = st.sampled_from([1, 2, 3, 50])
places = st.tuples(st.integers(0, 9), st.integers(0, 9))
"""Select a room, and one of its participants or an outsider: see `at`."""
messages = st.tuples(st.integers(0, 9), st.integers(0, 19))
"""Select a message of the room or of any room: see `message_in`."""
WORDS_SOUGHT = ["hello", "H", "прив", "🙂", "café", "on", "one tw", "' \"", "*", "", "x" * 201, "AND"]
MENTIONING = ["@dora", "hi @EMIL.", "@Фёдор, @dora @all", "@all", "a@dora.", "@doras", "@ann @x", "hello"]


class TalkRules:
    """A part of the machine. Each method runs an action on memory and on the database, and compares."""

    both: Any
    at: Any
    walk: Any
    message_in: Any
    knows: Any
    services: Any
    user: Any
    backends: Any

    # Blocks

    @rule(user_id=users, other_id=users)
    def block(self, user_id: int, other_id: int) -> None:
        self.both(lambda services: services.blocks.block(user_id, other_id))
        self.walk(lambda services, window: services.blocks.page(user_id, window))

    @rule(user_id=users, other_id=users)
    def unblock(self, user_id: int, other_id: int) -> None:
        self.both(lambda services: services.blocks.unblock(user_id, other_id))
        self.walk(lambda services, window: services.blocks.page(user_id, window))

    # Mentions and notifications

    @rule(
        place=places,
        content=st.sampled_from(MENTIONING),
        mention_ids=st.lists(users, max_size=2),
        client_id=st.none() | st.just("m"),
    )
    def mention(self, place: tuple[int, int], content: str, mention_ids: list[int], client_id: str | None) -> None:
        user_id, room_id = self.at(place)
        author = self.user(user_id)
        self.both(
            lambda services: services.messaging.send(author, room_id, content, client_id, mention_ids=mention_ids)
        )
        for reader_id in (1, 2, 3):
            self.look_at_mentions(reader_id, None)

    @rule(
        place=places,
        message=messages,
        content=st.none() | st.sampled_from(MENTIONING),
        mention_ids=st.none() | st.lists(users, max_size=2),
    )
    def edit_mentions(
        self, place: tuple[int, int], message: tuple[int, int], content: str | None, mention_ids: list[int] | None
    ) -> None:
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: services.messaging.edit(user_id, message_id, content, mention_ids))

    @rule(
        place=places,
        notify=st.none() | st.sampled_from(NotifyLevel),
        seconds=st.none() | st.sampled_from([None, -1, 0, 30, 500]),
    )
    def set_notify(self, place: tuple[int, int], notify: NotifyLevel | None, seconds: int | None) -> None:
        user_id, room_id = self.at(place)
        mute = None if seconds is None else Mute(self.backends[0].clock.now + 1_000 * seconds)
        self.both(lambda services: services.notifications.set(user_id, room_id, notify=notify, mute=mute))
        self.both(lambda services: services.notifications.set(user_id, room_id, mute=Mute(None) if seconds else None))

    @rule(user_id=users, before=st.none() | st.integers(1, 40))
    def look_at_mentions(self, user_id: int, before: int | None) -> None:
        self.both(lambda services: services.mentions.page(user_id, 3, before))
        self.both(lambda services: services.notifications.unread(user_id))

    # Reports

    @rule(
        place=places,
        message=messages,
        reason=st.sampled_from(ReportReason),
        comment=st.sampled_from(["", "again", "\x07"]),
    )
    def report_a_message(
        self, place: tuple[int, int], message: tuple[int, int], reason: ReportReason, comment: str
    ) -> None:
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: services.reports.make(user_id, message_id, reason, comment))

    @rule(
        admin_id=st.none() | users,
        report_id=st.integers(1, 6),
        state=st.sampled_from(ReportState),
        seen=st.sampled_from(ReportState),
    )
    def decide_on_a_report(self, admin_id: int | None, report_id: int, state: ReportState, seen: ReportState) -> None:
        self.both(lambda services: services.report_queue.decide(report_id, state, seen=seen, by=admin_id))
        self.both(lambda services: services.report_queue.open(report_id, by=admin_id))
        self.walk(lambda services, window: services.report_queue.page(window, state))

    # Search

    @rule(
        place=places,
        query=st.sampled_from(WORDS_SOUGHT),
        limit=limits,
        in_room=st.booleans(),
        author_id=st.none() | users,
        before=st.none() | st.integers(1, 40),
    )
    def search_messages(
        self, place: tuple[int, int], query: str, limit: int, in_room: bool, author_id: int | None, before: int | None
    ) -> None:
        user_id, room_id = self.at(place)
        within = MessageFilter(room_id if in_room else None, author_id, before)
        self.both(lambda services: services.message_search.search(user_id, query, limit, within))

    # Typing and live updates

    @rule(place=places)
    def type_something(self, place: tuple[int, int]) -> None:
        user_id, room_id = self.at(place)
        self.both(lambda services: services.presence.typing(user_id, room_id))

    @initialize()
    def nobody_listens(self) -> None:
        self.subscriptions: dict[int, Any] = {}
        """By user id: a subscription on each side, which has received the same changes."""

    @rule(user_id=users, limit=limits)
    def listen(self, user_id: int, limit: int) -> None:
        """Read on in the change log, or begin."""
        if user_id not in self.subscriptions:
            self.subscriptions[user_id] = [services.change_log.subscribe(user_id) for services in self.services]
            return
        subscriptions = iter(self.subscriptions[user_id])

        def read(services: Any) -> Any:
            subscription = next(subscriptions)
            batch = services.change_log.read(subscription, limit)
            return [logged.change for logged in batch.changes], batch.has_more, sorted(subscription.rooms)

        self.both(read)

    # Superusers

    @precondition(lambda self: not self.knows(5))
    @rule()
    def create_superuser(self) -> None:
        self.both(lambda services: services.registration.create_superuser("root", PASSWORD))
