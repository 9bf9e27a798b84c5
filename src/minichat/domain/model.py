"""The entities of the chat: immutable records without behaviour beyond what follows from their own fields.

They are named tuples because a page builds them by the hundred and nobody may change one in place; `_replace` makes
the changed copy. Nothing here knows where a record is kept or how it is shown.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from minichat.domain.paging import Page

# Milliseconds since the Unix epoch, UTC: one form in the domain, in every database and in every comparison.
Timestamp = int

# Durations, in milliseconds like every timestamp.
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MAX_USER_AGENT_LENGTH = 400
"""How much of what a client says of itself is kept, in code points."""
PRESENCE_LEASE = 60 * SECOND
LAST_SEEN_RESOLUTION = 30 * SECOND

MAX_ID = 2**53 - 1
"""The largest id: what a JavaScript client can hold exactly."""


class User(NamedTuple):
    """An account, without its password hash (see `Credentials`) so that it can't leak with the rest."""

    id: int
    username: str
    username_key: str
    """The username as it is compared and sorted (RFC 8265, UsernameCaseMapped): one key, one account."""
    first_name: str
    last_name: str
    email: str
    avatar_url: str
    """An https URL that the user gave, the path of an uploaded picture on this server, or "" for the placeholder."""
    is_active: bool
    is_superuser: bool
    joined_at: Timestamp
    last_seen_at: Timestamp | None
    deleted_at: Timestamp | None = None
    """When the account was erased: what is left of it bears the messages that stay."""

    @property
    def is_erased(self) -> bool:
        return self.deleted_at is not None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def is_online(self, now: Timestamp) -> bool:
        """Whether the presence lease still runs: computed when read, so a crash leaves nobody online for ever."""
        return self.last_seen_at is not None and now - self.last_seen_at < PRESENCE_LEASE

    def is_due(self, now: Timestamp) -> bool:
        """Return whether the presence lease is due for renewal."""
        return self.last_seen_at is None or now - self.last_seen_at >= LAST_SEEN_RESOLUTION


class Credentials(NamedTuple):
    """What a log-in is checked against."""

    user: User
    password_hash: str


class Session(NamedTuple):
    """One log-in on one device: the family of refresh tokens that descend from it, and their access tokens."""

    id: int
    user_id: int
    created_at: Timestamp
    last_used_at: Timestamp
    expires_at: Timestamp
    user_agent: str
    ip: str
    ended_at: Timestamp | None = None

    def is_live(self, now: Timestamp) -> bool:
        return self.ended_at is None and now < self.expires_at


class RefreshToken(NamedTuple):
    """One link of a session's chain. Only the hash of the token's `jti` is kept (RFC 9700, section 4.14)."""

    jti_hash: str
    session_id: int
    issued_at: Timestamp
    expires_at: Timestamp
    used_at: Timestamp | None = None


class Ticket(NamedTuple):
    """Lets a client that can't send a header open one stream. Only its hash is kept."""

    hash: str
    session_id: int
    access_expires_at: Timestamp
    """When the access token expires with which it was asked for: a stream lasts no longer than that would let it."""
    expires_at: Timestamp


class Caller(NamedTuple):
    """Who makes a request: the account and the session its access token belongs to."""

    user: User
    session: Session

    def is_live(self, now: Timestamp) -> bool:
        """Return whether the account may log in and the session has not ended."""
        return self.user.is_active and self.session.is_live(now)


class Device(NamedTuple):
    """Where a request comes from, as the owner of a session will see it in the list of sessions."""

    user_agent: str = ""
    ip: str = ""

    @property
    def kept(self) -> "Device":
        """As it is stored: with only the beginning of what the client says of itself."""
        return Device(self.user_agent[:MAX_USER_AGENT_LENGTH], self.ip)

    @property
    def network(self) -> str:
        """What counts as one address: IPv6 gives every customer a /64, so 2^64 addresses are one; IPv4's are each."""
        try:
            address = ip_address(self.ip)
        except ValueError:
            return self.ip
        if address.version == 4:
            return str(address)
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, 64), strict=False).network_address)


class RoomKind(StrEnum):
    GROUP = "group"
    DIRECT = "direct"


class Role(StrEnum):
    """The highest first."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"

    def outranks(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


class Room(NamedTuple):
    id: int
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    active_at: Timestamp
    """When something was last said, or when the room was made: the order of the room list."""
    last_seq: int
    """How many messages were ever sent here, which is also the `seq` of the newest."""
    participants_count: int

    @property
    def is_public(self) -> bool:
        return self.kind == RoomKind.GROUP and not self.is_private


class Membership(NamedTuple):
    """One participant of one room.

    `joined_seq` is the room's `last_seq` at the time of joining; `seen_seq` the receipt: the newest message that was
    shown to the participant, 0 before any. They are two because who joins starts with nothing unread, yet has not
    read what the others wrote.
    """

    id: int
    """Grows with the time of joining."""
    room_id: int
    user_id: int
    role: Role
    joined_seq: int
    seen_seq: int

    @property
    def last_read_seq(self) -> int:
        return max(self.joined_seq, self.seen_seq)


class Ban(NamedTuple):
    """One user who is kept out of one room."""

    id: int
    """Grows with the time of the ban."""
    room_id: int
    user_id: int
    banned_by: int | None
    """None when the account of who did it has been erased."""
    banned_at: Timestamp


class JoinedRoom(NamedTuple):
    """A room with the membership of one who is in it."""

    room: Room
    membership: Membership
    partner_id: int | None
    """The other one, if it is a direct chat."""


class Message(NamedTuple):
    id: int
    room_id: int
    seq: int
    user_id: int
    content: str
    created_at: Timestamp
    edited_at: Timestamp | None
    is_deleted: bool
    reply_to: int | None
    client_id: str | None


class RoomView(NamedTuple):
    """A room as one user sees it."""

    room: Room
    membership: Membership | None
    """The viewer's own; None for the card of a public room that the viewer is not in."""
    head: tuple[int, ...]
    """The users who joined first, at most `ROOM_HEAD` of them; empty on a card."""
    last_message: Message | None
    others_seen_seq: int
    """The newest receipt among the other participants, which tells whether the viewer's own messages were read."""


ROOM_HEAD = 20
"""How many participants a room shows of itself; `participants/` pages through all."""

People = Mapping[int, User]
"""The users that a page mentions, by id, so that each is fetched and presented once."""


class ShownRoom(NamedTuple):
    view: RoomView
    people: People


class RoomList(NamedTuple):
    page: Page[RoomView]
    people: People


class ParticipantList(NamedTuple):
    room_id: int
    page: Page[Membership]
    people: People


class ShownParticipant(NamedTuple):
    membership: Membership
    user: User


class BanList(NamedTuple):
    page: Page[Ban]
    people: People


class Receipts(NamedTuple):
    """What `is_read` of a room's messages follows from, for one viewer."""

    own_seq: int
    others_seq: int


class MessagePage(NamedTuple):
    """A stretch of messages, oldest first. `room` is None when it runs across all of the viewer's rooms."""

    room: RoomView | None
    messages: Sequence[Message]
    people: People
    receipts: Mapping[int, Receipts]
    """By room id."""
    has_older: bool
    has_newer: bool


class ShownMessage(NamedTuple):
    message: Message
    author: User
    receipts: Receipts


class SentMessage(NamedTuple):
    message: Message
    author: User
    receipts: Receipts
    is_replay: bool
    """Whether it had been sent before, under the same `client_id`."""


class ChangeKind(StrEnum):
    MESSAGE_CREATED = "message.created"
    MESSAGE_UPDATED = "message.updated"
    MESSAGE_DELETED = "message.deleted"
    MESSAGE_READ = "message.read"
    ROOM_CREATED = "room.created"
    ROOM_UPDATED = "room.updated"
    ROOM_DELETED = "room.deleted"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_UPDATED = "participant.updated"
    PARTICIPANT_LEFT = "participant.left"


MOVES = frozenset({ChangeKind.PARTICIPANT_JOINED, ChangeKind.PARTICIPANT_LEFT})
"""By which it changes who is in a room."""


class Change(NamedTuple):
    """One line of the change log: what happened in a room, by reference, so that it is told as it stands when read.

    `user_id` is who wrote the message, joined, left, was given `role` or read up to `seq`; None where the change is not
    about a user.
    """

    kind: ChangeKind
    room_id: int
    at: Timestamp
    user_id: int | None = None
    message_id: int | None = None
    seq: int | None = None
    role: Role | None = None


LogPosition = tuple[int, ...]
"""A position in the change log: between two changes, or at its end. A later one is greater."""


class LoggedChange(NamedTuple):
    position: LogPosition
    """Just behind the change."""
    change: Change


class LogEnds(NamedTuple):
    """From where to where the change log can be read."""

    first: LogPosition
    """Just before the oldest change that is kept."""
    last: LogPosition
    """Just behind the newest one."""


class TypingNotice(NamedTuple):
    """Somebody is typing in a room: told to who is there now, and never stored."""

    room_id: int
    user_id: int
    at: Timestamp


class AuditEvent(StrEnum):
    """What the audit log tells: everything by which an account or a right changes hands, or somebody tries to."""

    REGISTERED = "account.registered"
    SUPERUSER_CREATED = "account.superuser_created"
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 - what happened, no password
    PASSWORD_REFUSED = "account.password_refused"  # noqa: S105
    """A wrong password where the account's own was asked for once more."""
    DISABLED = "account.disabled"
    ENABLED = "account.enabled"
    DELETED = "account.deleted"
    EXPORTED = "account.exported"
    LOGGED_IN = "session.opened"
    LOG_IN_FAILED = "session.refused"
    LOGGED_OUT = "session.closed"
    REVOKED = "session.revoked"
    OTHERS_REVOKED = "session.others_revoked"
    REFRESH_REUSED = "session.token_reused"
    ROLE_CHANGED = "room.role_changed"
    PARTICIPANT_REMOVED = "room.participant_removed"
    USER_BANNED = "room.user_banned"
    USER_UNBANNED = "room.user_unbanned"
    ROOM_DELETED = "room.deleted"


class AuditEntry(NamedTuple):
    """One line of the audit log. It holds no password, no token and nothing that somebody typed."""

    event: AuditEvent
    at: Timestamp
    user_id: int | None
    """The account that it is about; None where there is none of the name that was tried."""
    actor_id: int | None
    """Who did it, logged in; None for an operator at the command line and for who was not let in."""
    session_id: int | None
    device: Device
    detail: Mapping[str, int | str] = {}
    id: int | None = None
    """Grows with time; None before it is kept."""


class AttemptCount(NamedTuple):
    """How often something was done since a moment: what throttling counts."""

    times: int
    since: Timestamp
    last: Timestamp
