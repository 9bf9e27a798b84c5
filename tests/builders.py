"""A chat in the language of its users, for tests on any set of ports.

A test reads as what happens:

    chat = MemoryChat()
    ann, bob = chat.people("ann", "bob")
    room = ann.makes_room("Tea", with_=[bob])
    ann.says("hello", in_=room)
    assert bob.unread(room) == 1
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Unpack

from minichat.adapters.memory import Memory, MemoryClock, MemoryMailer
from minichat.adapters.memory.store import Tables
from minichat.domain.changes import Subscription
from minichat.domain.errors import InvalidInput
from minichat.domain.history import MessageWindow
from minichat.domain.invitations import DEFAULT_LIFETIME_SECONDS
from minichat.domain.model import (
    Caller,
    Change,
    CreatedInvitation,
    Device,
    Invitation,
    Letter,
    LoggedChange,
    LogPosition,
    MailOutcome,
    Message,
    MessagePage,
    Modes,
    Role,
    Room,
    RoomView,
    SentMessage,
    ShownMessage,
    ShownParticipant,
    User,
)
from minichat.domain.paging import Window
from minichat.domain.ports import Ports
from minichat.domain.ports.transactions import Locks
from minichat.domain.services import build
from minichat.domain.sessions import Grant, Lifetimes

PASSWORD = "correct horse battery"
ADDRESS = "Ann@example.org"
CHAIN_KEY = b"0123456789abcdef0123456789abcdef"
ALL = Window(200)


class Chat:
    """The services on a set of ports, with people who use them. The clock stops until the test moves it."""

    def __init__(
        self,
        ports: Ports,
        clock: MemoryClock,
        lifetimes: Lifetimes = Lifetimes(),
        *,
        is_throttled: bool = True,
        chain_keys: Sequence[bytes] = (CHAIN_KEY,),
        modes: Modes = Modes(),
    ) -> None:
        self.ports = ports
        self.clock = clock
        self.services = build(ports, lifetimes, chain_keys, is_throttled=is_throttled, modes=modes)

    def person(self, username: str, *, first_name: str = "", last_name: str = "", email: str = "") -> "Person":
        """Register a user."""
        user, grant = self.services.registration.register(
            username, PASSWORD, first_name=first_name, last_name=last_name, email=email
        )
        return Person(self, user, grant)

    def people(self, *usernames: str) -> "list[Person]":
        return [self.person(username) for username in usernames]

    def superuser(self, username: str = "root") -> "Person":
        """Make a superuser and log in."""
        self.services.registration.create_superuser(username, PASSWORD)
        user, grant = self.services.sessions.log_in(username, PASSWORD)
        return Person(self, user, grant)

    def gives_role(self, role: Role, person: "Person", room: Room) -> None:
        """Set a role in the store, without an actor and without a change."""
        with self.ports.transaction(room=room.id):
            membership = person.looks_at(room).membership
            assert membership is not None
            self.ports.membership_store.set_role(membership, role)


class MemoryChat(Chat):
    """A chat on memory adapters, which a test can also look into."""

    def __init__(
        self, lifetimes: Lifetimes = Lifetimes(), *, is_throttled: bool = True, modes: Modes = Modes()
    ) -> None:
        self.memory = Memory()
        self._meanwhile: list[Callable[[], object]] = []
        ports = self.memory.ports._replace(transaction=self._transaction)
        super().__init__(ports, self.memory.clock, lifetimes, is_throttled=is_throttled, modes=modes)

    def with_ports(self, **ports: object) -> "Chat":
        """The same chat, seen through other adapters for some of its ports."""
        return Chat(self.memory.ports._replace(**ports), self.clock)  # type: ignore[arg-type]

    def happened(self) -> list[tuple[object, ...]]:
        """The change log in short: each change's kind with the user, `seq` and role that it has."""
        return [in_short(change) for change in self.memory.changes.log]

    def meanwhile(self, action: Callable[[], object]) -> None:
        """Run `action` directly before the next transaction begins, like a faster concurrent request."""
        self._meanwhile.append(action)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """Check that the block changes no stored data except audit entries and attempt counts."""
        before = self.stored()
        yield
        assert self.stored() == before

    @contextmanager
    def nothing_is_written(self) -> Iterator[None]:
        """Check that the block commits no transaction."""
        before = self.memory.store.tables
        yield
        assert self.memory.store.tables is before

    def stored(self) -> Tables:
        """Return all stored data except audit entries and attempt counts."""
        tables = self.memory.store.tables
        ids = Counter({table: id_ for table, id_ in tables.last_ids.items() if table != "audit"})
        return dataclasses.replace(tables, attempts={}, audit=[], last_ids=ids)

    @contextmanager
    def _transaction(self, *, patience_seconds: float | None = None, **locks: Unpack[Locks]) -> Iterator[None]:
        while self._meanwhile:
            self._meanwhile.pop()()
        with self.memory.store.transaction(patience_seconds=patience_seconds, **locks):
            yield


class MailingChat(Chat):
    """A chat with a mail server."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.mailer = MemoryMailer()
        super().__init__(self.memory.ports._replace(mailer=self.mailer), self.memory.clock)

    @property
    def letters(self) -> list[Letter]:
        return self.mailer.letters

    def delivers(self) -> list[MailOutcome | None]:
        """Deliver all mails that are due; return their outcomes."""
        outcomes: list[MailOutcome | None] = []
        while (done := self.services.mail_delivery.deliver_next()) is not None:
            outcomes.append(done[1])
        return outcomes

    def verified(self, username: str, address: str = ADDRESS) -> "Person":
        """Register a user with a verified address."""
        person = self.person(username, email=address)
        self.delivers()
        token = self.letters.pop().token
        assert token is not None, "a mail to verify an address has a link"
        self.services.verification.verify(token)
        return person

    def requests(self, username: str = "ann") -> str | None:
        """Request a reset, and return the token of the mail, or None if there is none."""
        self.services.recovery.request(username=username)
        self.delivers()
        return self.letters.pop().token if self.letters else None


class Person:
    """A registered user; each method is one request."""

    def __init__(self, chat: Chat, user: User, grant: Grant) -> None:
        self.chat = chat
        self.id = user.id
        self.username = user.username
        self.grant = grant
        """Of the session in use."""

    @property
    def user(self) -> User:
        found = self.chat.ports.user_store.get(self.id)
        assert found is not None
        return found

    @property
    def caller(self) -> Caller:
        return self.chat.services.sessions.authenticate(self.grant.session.id, self.id)

    def logs_in(self, password: str = PASSWORD, device: Device = Device()) -> "Person":
        """Open another session; the same person, on another device."""
        user, grant = self.chat.services.sessions.log_in(self.username, password, device)
        return Person(self.chat, user, grant)

    def refreshes(self, jti: str | None = None) -> Grant:
        """Use the newest refresh token, or another."""
        return self.chat.services.sessions.refresh(self.grant.session.id, self.id, jti or self.grant.jti)

    def makes_room(self, name: str = "Room", *, private: bool = False, with_: "Sequence[Person]" = ()) -> Room:
        invited = [person.id for person in with_]
        return self.chat.services.rooms.create(self.id, name, is_private=private, invited=invited).view.room

    def chats_with(self, other: "Person") -> Room:
        """Open the direct chat with another user."""
        shown, _ = self.chat.services.rooms.direct_chat(self.id, other.id)
        return shown.view.room

    def joins(self, room: Room) -> RoomView:
        return self.chat.services.participation.join(self.id, room.id).view

    def leaves(self, room: Room) -> None:
        self.chat.services.participation.leave(self.id, room.id)

    def edits(
        self, room: Room, *, name: str | None = None, description: str | None = None, is_private: bool | None = None
    ) -> RoomView:
        return self.chat.services.rooms.edit(
            self.id, room.id, name=name, description=description, is_private=is_private
        ).view

    def deletes(self, room: Room) -> None:
        self.chat.services.rooms.delete(self.id, room.id)

    def looks_at(self, room: Room) -> RoomView:
        return self.chat.services.rooms.get(self.id, room.id).view

    def role_in(self, room: Room) -> Role | None:
        membership = self.looks_at(room).membership
        return None if membership is None else membership.role

    def unread(self, room: Room) -> int:
        view = self.looks_at(room)
        assert view.membership is not None
        return view.unread_count

    def unread_mentions(self, room: Room) -> int:
        return self.looks_at(room).unread_mentions

    def mentions(self, limit: int = 50, *, before: int | None = None) -> list[str]:
        """The contents of the messages that mention the person, as listed."""
        return contents(self.chat.services.mentions.page(self.id, limit, before))

    def rooms(self, window: Window = ALL) -> list[str]:
        """The names of the person's rooms, as listed."""
        return [view.room.name for view in self.chat.services.rooms.mine(self.id, window).page.items]

    def public_rooms(self, window: Window = ALL) -> list[str]:
        """The names of the rooms that the person could join, as listed."""
        return [view.room.name for view in self.chat.services.rooms.public(self.id, window).page.items]

    def says(
        self,
        content: str,
        *,
        in_: Room,
        client_id: str | None = None,
        reply_to: Message | None = None,
        to: "Sequence[Person]" = (),
    ) -> SentMessage:
        """Send a message; `to` are the people mentioned by id."""
        mention_ids = [person.id for person in to]
        return self.chat.services.messaging.send(
            self.user, in_.id, content, client_id, reply_to and reply_to.id, mention_ids
        )

    def looks_up(self, message: Message) -> ShownMessage:
        return self.chat.services.messaging.get(self.id, message.id)

    def rewrites(
        self, message: Message, content: str | None = None, *, to: "Sequence[Person] | None" = None
    ) -> Message:
        mention_ids = None if to is None else [person.id for person in to]
        return self.chat.services.messaging.edit(self.id, message.id, content, mention_ids).message

    def takes_back(self, message: Message) -> None:
        self.chat.services.messaging.delete(self.id, message.id)

    def adds(self, person: "Person", *, to: Room) -> tuple[ShownParticipant, bool]:
        return self.chat.services.moderation.add(self.id, to.id, person.id)

    def makes(self, person: "Person", role: Role, *, in_: Room) -> ShownParticipant:
        """Give a participant a role."""
        return self.chat.services.moderation.set_role(self.id, in_.id, person.id, role)

    def removes(self, person: "Person", *, from_: Room) -> None:
        self.chat.services.moderation.remove(self.id, from_.id, person.id)

    def bans(self, person: "Person", *, from_: Room) -> None:
        self.chat.services.moderation.remove(self.id, from_.id, person.id, is_ban=True)

    def blocks(self, person: "Person") -> None:
        self.chat.services.blocks.block(self.id, person.id)

    def unblocks(self, person: "Person") -> None:
        self.chat.services.blocks.unblock(self.id, person.id)

    def blocked(self, window: Window = ALL) -> list[str]:
        """The usernames of the people whom the person blocks, as listed."""
        found = self.chat.services.blocks.page(self.id, window)
        return [found.people[block.blocked_id].username for block in found.page.items]

    def lifts_ban(self, person: "Person", *, in_: Room) -> None:
        self.chat.services.moderation.lift_ban(self.id, in_.id, person.id)

    def banned(self, room: Room, window: Window = ALL) -> list[str]:
        """The usernames of the banned users of a room, as listed."""
        found = self.chat.services.moderation.bans(self.id, room.id, window)
        return [found.people[ban.user_id].username for ban in found.page.items]

    def invites(
        self, room: Room, *, expires_in: int = DEFAULT_LIFETIME_SECONDS, uses: int | None = None
    ) -> CreatedInvitation:
        """Create an invitation to a room."""
        return self.chat.services.invitations.create(self.id, room.id, expires_in=expires_in, uses=uses)

    def accepts(self, created: CreatedInvitation) -> RoomView:
        return self.chat.services.invitations.accept(self.id, created.token).view

    def revokes(self, created: CreatedInvitation) -> None:
        invitation = created.invitation
        self.chat.services.invitations.revoke(self.id, invitation.room_id, invitation.id)

    def invitations(self, room: Room, window: Window = ALL) -> list[Invitation]:
        """Return the invitations to a room, as listed."""
        return list(self.chat.services.invitations.page(self.id, room.id, window).page.items)

    def reads(self, room: Room, *, up_to: int) -> tuple[int, int]:
        """Send a receipt; return the newest `seq` read and how many are unread."""
        return self.chat.services.participation.mark_read(self.id, room.id, up_to)

    def history(
        self,
        room: Room,
        limit: int = 50,
        *,
        before: Message | None = None,
        after: Message | None = None,
        around: Message | None = None,
        around_seq: int | None = None,
        mark_read: bool = False,
    ) -> MessagePage:
        window = MessageWindow(limit, before and before.id, after and after.id, around and around.id, around_seq)
        return self.chat.services.history.of_room(self.id, room.id, window, mark_read=mark_read)

    def latest(
        self,
        limit: int = 50,
        *,
        before: Message | None = None,
        after: Message | None = None,
        around: Message | None = None,
    ) -> MessagePage:
        """Messages across all of the person's rooms."""
        window = MessageWindow(limit, before and before.id, after and after.id, around and around.id)
        return self.chat.services.history.latest(self.id, None, window)

    def subscribe(self, position: LogPosition | None = None) -> Subscription:
        """Return the person's subscription at that position, or at the end of the log."""
        return self.chat.services.change_log.subscribe(self.id, position)

    def hears(self, subscription: Subscription, limit: int = 200) -> list[tuple[object, ...]]:
        """Read the subscription to the end of the log; return its changes in short: see `in_short`."""
        changes: list[LoggedChange] = []
        has_more = True
        while has_more:
            found, has_more = self.chat.services.change_log.read(subscription, limit)
            changes += found
        return [in_short(change) for _, change in changes]

    def finds(self, query: str, limit: int = 50) -> list[str]:
        """The usernames that a search returns, in its order."""
        return [user.username for user in self.chat.services.directory.search(self.id, query, limit)]


def in_short(change: Change) -> tuple[object, ...]:
    """A change in short: its kind with the users, `seq` and role that it has."""
    values = (change.user_id, change.seq, change.role, change.other_id)
    return (change.kind.value, *(value for value in values if value is not None))


class _Undone(Exception):
    pass


@contextmanager
def undone(ports: Ports, **locks: Unpack[Locks]) -> Iterator[None]:
    """A transaction that is rolled back at the end of its block."""
    with suppress(_Undone), ports.transaction(**locks):
        yield
        raise _Undone


def contents(page: MessagePage) -> list[str]:
    """The contents of the messages on a page."""
    return [message.content for message in page.messages]


def issues_of(action: Callable[..., object]) -> dict[str, list[str]]:
    """The codes of an action's InvalidInput, by field; empty if the input was accepted."""
    try:
        action()
    except InvalidInput as error:
        return {field: [issue.code for issue in issues] for field, issues in error.issues.items()}
    return {}
