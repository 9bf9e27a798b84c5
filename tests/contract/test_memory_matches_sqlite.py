"""Run the same random actions on memory and on SQLite. Every answer, every error and the change log must be equal.

The unit tests of the domain use the memory adapters, so these must behave like a database.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from builders import ALL, CHAIN_KEY, PASSWORD
from contract.administration_rules import AdministrationRules
from contract.backends import memory, sqlite
from contract.talk_rules import TalkRules, limits, messages, places, users
from folders import fast_folder
from minichat.domain.account_editing import version_of
from minichat.domain.errors import ChatError
from minichat.domain.history import MessageWindow
from minichat.domain.model import (
    Caller,
    CreatedInvitation,
    Details,
    DirectoryMode,
    HistoryAccess,
    Invitation,
    PeopleFilter,
    PeopleOrder,
    PeopleState,
    Role,
    WriteAccess,
)
from minichat.domain.paging import Window
from minichat.domain.room_rules import RoomPolicy
from minichat.domain.services import build
from minichat.domain.sessions import Grant, Lifetimes
from scale import scaled

NAMES = ["ann", "Ann", "bob", "анна", "Боб", "carl.x", "ａｎｎ", "x", "田中太"]
WORDS = ["", "Ann", "Анна", "an an", "Straße", "ﬁ", "👩\u200d👧", "bob\u0301", "Jos\u00e9 Işık", "x" * 151]
CONTENTS = ["hello", "Привет", "🙂\n\t", "cafe\u0301", " ' \" % ", "", "x" * 4_001]
EMOJI = ["👍", "❤", "❤\ufe0f", "🎉", "x"]
CLIENT_IDS = ["one", "два", ""]
QUERIES = [
    "a",
    "an",
    "А",
    "нн",
    "ss",
    "fi",
    "b",
    "ó",
    "n a",
    "%",
    "",
    " ",
    "@b",
    "an  анна",
    "анна an",
    "isik jo",
    "te",
    "ЧАЙ",
]

sides = st.sampled_from([None, "before", "after", "around"])


def shown(value):
    """Return the value in a form that is equal only if the types are equal, without the random part of a token."""
    if isinstance(value, Grant):
        value = value._replace(jti="")
    if isinstance(value, CreatedInvitation):
        value = value._replace(token="")
    if isinstance(value, Details):
        value = value._replace(blocks=frozenset(value.blocks))
    if isinstance(value, frozenset):
        return ("set", sorted(map(shown, value)))
    if isinstance(value, Mapping):
        return ("mapping", sorted((key, shown(item)) for key, item in value.items()))
    if isinstance(value, AbstractSet):
        return ("set", sorted(value))
    if isinstance(value, list | tuple):
        kind = "sequence" if type(value) in {list, tuple} else type(value).__name__
        return (kind, [shown(item) for item in value])
    return (type(value).__name__, value)


def outcome(action, *given):
    """The result of an action: its answer, or the error with all its attributes."""
    try:
        return "answered", action(*given)
    except ChatError as error:
        return "refused", (type(error).__name__, getattr(error, "issues", None))


def of_acquaintances(services):
    """The directory of a server on which users find only people in the same rooms."""
    directory = services.directory
    return replace(directory, acquaintances=replace(directory.acquaintances, mode=DirectoryMode.SHARED))


class MemoryMatchesSqlite(AdministrationRules, TalkRules, RuleBasedStateMachine):
    database = staticmethod(sqlite)
    """The backend to compare with memory."""

    def __init__(self):
        super().__init__()
        self.resources = ExitStack()
        folder = self.resources.enter_context(fast_folder())
        self.backends = [self.resources.enter_context(opened(folder)) for opened in (memory, self.database)]
        self.services = [
            build(backend.ports, Lifetimes(refresh_seconds=300, session_seconds=900), [CHAIN_KEY])
            for backend in self.backends
        ]
        self.grants = []
        """Pairs of grants that are equal on both sides, except their random `jti`."""
        self.invitations = [[(Invitation(99, 1, 1, 0, 0, None, 0), "unknown")] * 2]
        """Pairs of invitations that are equal on both sides, with their random tokens."""

    def teardown(self):
        try:
            for user_id in range(1, 6):
                self.look_at_everything(user_id)
        finally:
            self.resources.close()

    def both(self, action, *pair):
        """Run the action on both sides and compare; return both answers, or None if it failed on both.

        Each side gets its services, and its part of the pair if there is one.
        """
        results = [outcome(action, *given) for given in zip(self.services, *pair, strict=True)]
        for backend in self.backends:
            backend.return_unused_ids()
        assert shown(results[0]) == shown(results[1])
        return [answer for _, answer in results] if results[0][0] == "answered" else None

    def walk(self, listed):
        """Compare a whole list, page by page to its end and back again."""
        window = Window(2)
        while answers := self.both(partial(listed, window=window)):
            page = getattr(answers[0], "page", answers[0])
            if page.next is not None and window.before is None:
                window = Window(2, after=page.next)
            elif page.prev is not None:
                window = Window(2, before=page.prev)
            else:
                break

    def user(self, user_id):
        return self.backends[0].ports.user_store.get(user_id)

    def knows(self, user_id):
        return self.backends[0].ports.user_store.get(user_id) is not None

    def at(self, place):
        """Return a user and a room: mostly an existing room and its participant, because other actions only fail."""
        which_room, who = place
        ports = self.backends[0].ports
        open_rooms = [room_id for room_id in range(1, 60) if ports.room_store.access(room_id, 1)]
        if which_room == 0 or not open_rooms:
            return 1 + who % 3, 1 + which_room
        room_id = open_rooms[-1 - which_room % len(open_rooms)]
        participants = ports.membership_store.page(room_id, ALL)
        return (1 + who % 3 if who > 6 else participants[who % len(participants)].user_id), room_id

    def message_in(self, room_id, message):
        """The id of a message: mostly of that room."""
        anywhere, which = message
        found = [] if anywhere == 0 else self.backends[0].ports.message_store.before(room_id, None, 200)
        return found[which % len(found)].id if found else 1 + which

    def window(self, room_id, limit, side, message):
        if side == "around_seq":
            return MessageWindow(limit, around_seq=message[1])
        return MessageWindow(limit, **({side: self.message_in(room_id, message)} if side else {}))

    # People

    @initialize(invited=st.booleans())
    def three_people_in_a_room(self, invited):
        for name in ("dora", "emil", "Фёдор"):
            self.register(name, "", "")
        self.both(lambda services: services.rooms.create(1, "Tea", invited=[2, 3] if invited else []))

    @precondition(lambda self: not self.knows(5))
    @rule(name=st.sampled_from(NAMES), first_name=st.sampled_from(WORDS), last_name=st.sampled_from(WORDS))
    def register(self, name, first_name, last_name):
        answers = self.both(
            lambda services: services.registration.register(
                name, PASSWORD, first_name=first_name, last_name=last_name, email="somebody@example.org"
            )
        )
        if answers:
            self.grants.append([grant for _, grant in answers])

    @rule(
        name=st.sampled_from([*NAMES, "DORA", "emil"]),
        password=st.sampled_from([PASSWORD, PASSWORD, "wrong", "new password"]),
    )
    def log_in(self, name, password):
        answers = self.both(lambda services: services.sessions.log_in(name, password))
        if answers:
            self.grants.append([grant for _, grant in answers])

    def with_one(self, pairs, index, act):
        """Do something with one of the newest pairs, like `both`."""
        return self.both(act, pairs[-1 - index % len(pairs)])

    def with_grant(self, index, act):
        """Do something with one of the newest grants and its session."""
        answers = self.with_one(self.grants, index, act)
        if answers and isinstance(answers[0], Grant):
            self.grants.append(answers)

    @rule(index=st.integers(0, 7))
    def refresh(self, index):
        self.with_grant(
            index, lambda services, grant: services.sessions.refresh(grant.session.id, grant.session.user_id, grant.jti)
        )

    @rule(index=st.integers(0, 7))
    def log_out(self, index):
        self.with_grant(
            index, lambda services, grant: services.sessions.log_out(grant.session.user_id, grant.session.id)
        )

    @rule(
        index=st.integers(0, 7),
        old=st.sampled_from([PASSWORD, "new password"]),
        new=st.sampled_from([PASSWORD, "new password", "short"]),
    )
    def change_password(self, index, old, new):
        def change(services, grant):
            caller = services.sessions.authenticate(grant.session.id, grant.session.user_id)
            return services.sessions.change_password(caller, old, new)

        self.with_grant(index, change)

    @rule(
        index=st.integers(0, 7),
        new=st.sampled_from([PASSWORD, "short", "new password"]),
        times=st.sampled_from([1, 1, 2]),
    )
    def reset_the_password(self, index, new, times):
        """Use the link of an administrator once or twice."""

        def reset(services, grant):
            link = services.recovery.make_link(grant.session.user_id)
            for _ in range(times):
                _, grant = services.recovery.confirm(link.token, new)
            return grant

        self.with_grant(index, reset)

    @rule(
        index=st.integers(0, 7),
        password=st.sampled_from([PASSWORD, "new password"]),
        is_sure=st.sampled_from([False, False, False, True]),
    )
    def erase(self, index, password, is_sure):
        def erase(services, grant):
            caller = services.sessions.authenticate(grant.session.id, grant.session.user_id)
            return services.erasure.erase(caller, password)

        if is_sure:
            self.with_grant(index, erase)

    @rule(index=st.integers(0, 7))
    def export(self, index):
        def take(services, grant):
            caller = services.sessions.authenticate(grant.session.id, grant.session.user_id)
            at, account, factor, *pages = services.export.begin(caller)
            return at, account, factor, [[record for page in one for record in page] for one in pages]

        self.with_grant(index, take)

    @rule(index=st.integers(0, 7))
    def call(self, index):
        def note(services, grant):
            caller = services.sessions.authenticate(grant.session.id, grant.session.user_id)
            assert isinstance(caller, Caller)
            return services.sessions.is_stale(caller), services.sessions.note_activity(caller)

        self.with_grant(index, note)

    @rule(seconds=st.sampled_from([0.001, 1, 29, 31, 200]))
    def wait(self, seconds):
        for backend in self.backends:
            backend.clock.advance(seconds)

    @rule(user_id=users, first_name=st.sampled_from(WORDS), last_name=st.none() | st.sampled_from(WORDS))
    def edit_profile(self, user_id, first_name, last_name):
        self.both(lambda services: services.directory.edit_profile(user_id, first_name=first_name, last_name=last_name))

    @rule(user_id=users, query=st.sampled_from(QUERIES), limit=limits)
    def search(self, user_id, query, limit):
        self.both(lambda services: services.directory.search(user_id, query, limit))
        self.both(lambda services: of_acquaintances(services).search(user_id, query, limit))

    # Rooms

    @rule(user_id=users, query=st.sampled_from(QUERIES), limit=limits)
    def find_rooms(self, user_id, query, limit):
        self.both(lambda services: services.rooms.mine(user_id, Window(limit), query))
        self.both(lambda services: services.rooms.public(user_id, Window(limit), query))

    @rule(
        user_id=users,
        name=st.sampled_from(["Tea", "Чай", ""]),
        private=st.booleans(),
        invited=st.lists(users, max_size=3),
    )
    def make_room(self, user_id, name, private, invited):
        if self.knows(user_id):
            self.both(lambda services: services.rooms.create(user_id, name, "", private, invited))

    @rule(user_id=users, other_id=users)
    def open_direct_chat(self, user_id, other_id):
        if self.knows(user_id):
            self.both(lambda services: services.rooms.direct_chat(user_id, other_id))

    @rule(place=places)
    def join(self, place):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.participation.join(user_id, room_id))

    @rule(place=places)
    def leave(self, place):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.participation.leave(user_id, room_id))

    @rule(place=places, name=st.sampled_from(["Tea", "Coffee", None]), private=st.none() | st.booleans())
    def edit_room(self, place, name, private):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.rooms.edit(user_id, room_id, name=name, is_private=private))

    @rule(
        place=places,
        write=st.none() | st.sampled_from(WriteAccess),
        cooldown=st.none() | st.sampled_from([0, 5, 3_601]),
        history=st.none() | st.sampled_from(HistoryAccess),
    )
    def set_policy(self, place, write, cooldown, history):
        user_id, room_id = self.at(place)
        policy = RoomPolicy(write, cooldown, history)
        self.both(lambda services: services.rooms.edit(user_id, room_id, policy=policy))

    @rule(place=places, is_sure=st.sampled_from([False, False, True]))
    def delete_room(self, place, is_sure):
        user_id, room_id = self.at(place)
        if is_sure:
            self.both(lambda services: services.rooms.delete(user_id, room_id))

    @rule(place=places, other_id=users)
    def add(self, place, other_id):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.moderation.add(user_id, room_id, other_id))

    @rule(place=places, other=places, role=st.sampled_from(Role))
    def give_role(self, place, other, role):
        user_id, room_id = self.at(place)
        other_id, _ = self.at((place[0], other[1]))
        self.both(lambda services: services.moderation.set_role(user_id, room_id, other_id, role))

    @rule(place=places, other=places, is_ban=st.booleans())
    def remove(self, place, other, is_ban):
        user_id, room_id = self.at(place)
        other_id, _ = self.at((place[0], other[1]))
        self.both(lambda services: services.moderation.remove(user_id, room_id, other_id, is_ban=is_ban))

    @rule(place=places, other_id=users)
    def lift_ban(self, place, other_id):
        user_id, room_id = self.at(place)
        self.walk(lambda services, window: services.moderation.bans(user_id, room_id, window))
        self.both(lambda services: services.moderation.lift_ban(user_id, room_id, other_id))

    @rule(place=places, expires_in=st.sampled_from([1, 100, 90_000]), uses=st.sampled_from([None, 0, 1, 1, 2]))
    def invite(self, place, expires_in, uses):
        user_id, room_id = self.at(place)
        answers = self.both(
            lambda services: services.invitations.create(user_id, room_id, expires_in=expires_in, uses=uses)
        )
        if answers:
            self.invitations.append([(created.invitation, created.token) for created in answers])

    @rule(place=places, index=st.integers(0, 3), is_own_room=st.booleans())
    def revoke(self, place, index, is_own_room):
        user_id, room_id = self.at(place)
        self.walk(lambda services, window: services.invitations.page(user_id, room_id, window))

        def revoke(services, invited):
            invitation, _ = invited
            where = invitation.room_id if is_own_room else room_id
            services.invitations.revoke(user_id, where, invitation.id)

        self.with_one(self.invitations, index, revoke)

    @rule(user_id=users, index=st.integers(0, 3))
    def accept(self, user_id, index):
        self.with_one(self.invitations, index, lambda services, invited: services.invitations.preview(invited[1]))
        if self.knows(user_id):
            self.with_one(
                self.invitations, index, lambda services, invited: services.invitations.accept(user_id, invited[1])
            )

    @precondition(lambda self: not self.knows(5))
    @rule(name=st.sampled_from(NAMES), index=st.integers(0, 3))
    def register_invited(self, name, index):
        def register(services, invited):
            return services.registration.register_invited(invited[1], name, PASSWORD)

        answers = self.with_one(self.invitations, index, register)
        if answers:
            self.grants.append([grant for _, grant, _ in answers])

    @rule(user_id=users, is_active=st.booleans())
    def switch_account(self, user_id, is_active):
        if self.knows(user_id):
            name = self.user(user_id).username
            act = "enable" if is_active else "disable"
            self.both(lambda services: getattr(services.administration, act)(name))

    @rule(user_id=users, is_superuser=st.sampled_from([True, False, False]))
    def switch_superuser(self, user_id, is_superuser):
        if self.knows(user_id):
            act = "grant" if is_superuser else "revoke"
            self.both(lambda services: getattr(services.superusers, act)(user_id))

    @rule(user_id=users, name=st.sampled_from(NAMES), is_sure=st.sampled_from([False, False, True]))
    def rename(self, user_id, name, is_sure):
        if self.knows(user_id) and is_sure:
            version = version_of(self.user(user_id))
            self.both(lambda services: services.account_editing.edit(user_id, version, username=name))

    @rule(user_id=users, state=st.none() | st.sampled_from(PeopleState), order=st.sampled_from(PeopleOrder))
    def administrate(self, user_id, state, order):
        self.both(lambda services: services.people_lists.search("a", state))
        self.walk(lambda services, window: services.people_lists.page(PeopleFilter(state, order), window))
        self.walk(lambda services, window: services.people_lists.groups(user_id, window))

    @rule(place=places)
    def become_moderator(self, place):
        user_id, room_id = self.at(place)
        for backend in self.backends:
            found = backend.ports.room_store.access(room_id, user_id)
            if found is not None and found[1] is not None and found[1].role == Role.MEMBER:
                with backend.ports.transaction():
                    backend.ports.membership_store.set_role(found[1], Role.MODERATOR)

    @rule(place=places)
    def look_at_room(self, place):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.rooms.get(user_id, room_id))
        self.walk(lambda services, window: services.rooms.participants(user_id, room_id, window))

    # Messages

    @rule(
        place=places,
        content=st.sampled_from(CONTENTS),
        client_id=st.none() | st.sampled_from(CLIENT_IDS),
        reply_to=st.none() | messages,
    )
    def send(self, place, content, client_id, reply_to):
        user_id, room_id = self.at(place)
        reply_to_id = reply_to and self.message_in(room_id, reply_to)
        author = self.user(user_id)
        self.both(lambda services: services.messaging.send(author, room_id, content, client_id, reply_to_id))

    @rule(place=places)
    def chatter(self, place):
        """Send three messages, because pages of an empty room would test nothing."""
        user_id, room_id = self.at(place)
        author = self.user(user_id)
        for content in ("one", "two", "three"):
            self.both(lambda services, content=content: services.messaging.send(author, room_id, content))

    @rule(place=places, message=messages)
    def look_up(self, place, message):
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: services.messaging.get(user_id, message_id))

    @rule(place=places, message=messages, content=st.sampled_from(CONTENTS))
    def edit_message(self, place, message, content):
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: services.messaging.edit(user_id, message_id, content))

    @rule(place=places, message=messages)
    def delete_message(self, place, message):
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: services.messaging.delete(user_id, message_id))

    @rule(place=places, seq=st.integers(0, 12))
    def read(self, place, seq):
        user_id, room_id = self.at(place)
        self.both(lambda services: services.participation.mark_read(user_id, room_id, seq))

    @rule(place=places, limit=limits, side=sides | st.just("around_seq"), message=messages, mark_read=st.booleans())
    def history(self, place, limit, side, message, mark_read):
        user_id, room_id = self.at(place)
        window = self.window(room_id, limit, side, message)
        self.both(lambda services: services.history.of_room(user_id, room_id, window, mark_read=mark_read))

    @rule(place=places, limit=limits, side=sides, message=messages)
    def latest(self, place, limit, side, message):
        user_id, room_id = self.at(place)
        window = self.window(room_id, limit, side, message)
        self.both(lambda services: services.history.latest(user_id, None, window))

    # Marks on messages

    @rule(place=places, message=messages, emoji=st.sampled_from(EMOJI), is_added=st.booleans())
    def react(self, place, message, emoji, is_added):
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        for _ in range(2):
            self.both(
                lambda services: (services.reactions.add if is_added else services.reactions.remove)(
                    user_id, message_id, emoji
                )
            )
        self.walk(lambda services, window: services.reactions.of_message(user_id, message_id, None, window))
        self.both(lambda services: services.reactions.of_message(user_id, message_id, emoji, ALL))

    @rule(place=places, message=messages, is_pinned=st.booleans())
    def pin(self, place, message, is_pinned):
        user_id, room_id = self.at(place)
        message_id = self.message_in(room_id, message)
        self.both(lambda services: (services.pins.add if is_pinned else services.pins.remove)(user_id, message_id))
        self.both(lambda services: services.pins.of_room(user_id, room_id))

    # Everything

    @rule(user_id=users)
    def look_at_everything(self, user_id):
        self.both(lambda services: services.directory.get(None, user_id))
        self.both(lambda services: services.rooms.mine(user_id, ALL))
        self.walk(lambda services, window: services.directory.page(None, window))
        self.walk(lambda services, window: services.directory.online(None, window))
        self.walk(lambda services, window: of_acquaintances(services).page(user_id, window))
        self.walk(lambda services, window: of_acquaintances(services).online(user_id, window))
        self.walk(lambda services, window: services.rooms.mine(user_id, window))
        self.walk(lambda services, window: services.rooms.public(user_id, window))
        self.both(lambda services: services.history.latest(user_id, None, MessageWindow(200)))

    @invariant()
    def the_same_changes_were_told(self):
        told = [shown(list(backend.log())) for backend in self.backends]
        assert told[0] == told[1]


MemoryMatchesSqlite.TestCase.settings = SETTINGS = settings(
    max_examples=scaled(50, 400),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestTheSameStory = MemoryMatchesSqlite.TestCase
